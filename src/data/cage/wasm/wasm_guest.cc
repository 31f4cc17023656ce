#include "data/cage/wasm/wasm_guest.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "engine/bytes_view.h"
#include "engine/image.h"
#include "io/clock.h"

namespace pear::cage {
namespace {

std::string_view text(PearBytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.len};
}

PearBytes raw(std::string_view view) {
  return {.data = reinterpret_cast<const std::uint8_t*>(view.data()), .len = view.size()};
}

// Fields of the bridge as those of http, without an allocation while they are few.
class FieldViews {
 public:
  FieldViews(const PearField* fields, std::size_t count) {
    if (count > few_.size()) many_.resize(count);
    const std::span<http::Field> to = count > few_.size()
                                          ? std::span<http::Field>(many_)
                                          : std::span<http::Field>(few_).first(count);
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = {.name = text(fields[i].name), .value = text(fields[i].value)};
    }
    view_ = to;
  }
  [[nodiscard]] std::span<const http::Field> view() const { return view_; }

 private:
  std::array<http::Field, 32> few_;
  std::vector<http::Field> many_;
  std::span<const http::Field> view_;
};

// What a site's settings grant, in the bridge's form. It borrows the settings' texts.
class Grants {
 public:
  Grants(const engine::Engine& engine, const config::SiteSettings& site)
      : share_(engine, site.name, site.limits.files_max) {
    for (const auto& [name, value] : site.permissions.environment) {
      environment_.push_back({.name = raw(name), .value = raw(value)});
    }
    for (const config::FileGrant& grant : site.permissions.files) {
      paths_.push_back(std::make_unique<std::string>(grant.source.string()));
      directories_.push_back({.host_path = raw(*paths_.back()),
                              .guest_path = raw(grant.destination),
                              .writable = grant.writable,
                              .quota_bytes = grant.quota.count,
                              .quota_files = grant.quota_files});
    }
    raw_ = {.environment = environment_.data(),
            .environment_count = environment_.size(),
            .directories = directories_.data(),
            .directory_count = directories_.size(),
            .handles_max = site.limits.handles_max,
            .fields_max = site.limits.fields_max,
            .field_bytes_max = static_cast<std::uint32_t>(site.limits.field_bytes_max.count),
            .informational = site.run.informational,
            .share = share_.raw()};
  }
  [[nodiscard]] const PearGrants& raw_grants() const { return raw_; }

 private:
  engine::Share share_;
  std::vector<PearField> environment_;
  std::vector<std::unique_ptr<std::string>> paths_;
  std::vector<PearDirectory> directories_;
  PearGrants raw_{};
};

class WasmGuest final : public Guest {
 public:
  struct Origin {
    const engine::Image& image;
    std::shared_ptr<const Grants> grants;
    engine::Inbox& inbox;
    engine::InstanceCount::Place place;
  };
  WasmGuest(Origin origin, GuestHost& host, std::uint64_t token);
  ~WasmGuest() override = default;
  WasmGuest(const WasmGuest&) = delete;
  WasmGuest& operator=(const WasmGuest&) = delete;
  WasmGuest(WasmGuest&&) = delete;
  WasmGuest& operator=(WasmGuest&&) = delete;

  void begin(const GuestRequest& request) override;
  Slice poll() override;
  [[nodiscard]] Ending ending() const override;
  void leave_host() override { host_ = nullptr; }

  [[nodiscard]] GuestHost& host() { return *host_; }
  [[nodiscard]] bool has_host() const { return host_ != nullptr; }
  // Keeps the trailers' views for as long as the call.
  [[nodiscard]] std::span<const PearField> trailers(std::span<const http::Field> fields);

 private:
  GuestHost* host_;  // Borrowed; null once it has left it.
  engine::InstanceCount::Place
      place_;  // Before the instance, which must be gone when another may come.
  std::shared_ptr<const Grants> grants_;
  engine::Instance instance_;
  std::vector<PearField> fields_;  // Of the request. Its room is kept from call to call.
  std::vector<PearField> trailers_;
  bool long_running_ = false;
};

GuestHost& host_of(void* context) {
  return static_cast<WasmGuest*>(context)->host();
}

// The bridge's view of GuestHost. The call's context is the instance's: one call at a time.
constexpr PearHost kHost{
    .memory_grow = [](void* instance,
                      std::uint64_t delta) { return host_of(instance).grow_memory(delta); },
    .memory_release =
        [](void* instance, std::uint64_t delta) {
          auto& guest = *static_cast<WasmGuest*>(instance);
          if (guest.has_host()) guest.host().release_memory(delta);
        },
    .log =
        [](void* instance, PearStream stream, PearBytes bytes) {
          host_of(instance).log(stream == PEAR_STDOUT ? LogStream::Stdout : LogStream::Stderr,
                                text(bytes));
        },
    .response_head =
        [](void* call, std::uint16_t status, const PearField* fields, std::size_t count) {
          return host_of(call).respond(status, FieldViews(fields, count).view());
        },
    .response_interim =
        [](void* call, std::uint16_t status, const PearField* fields, std::size_t count) {
          return host_of(call).inform(status, FieldViews(fields, count).view());
        },
    .response_error = [](void* call,
                         PearBytes code) { host_of(call).respond_with_error(text(code)); },
    .body_window = [](void* call) { return host_of(call).body_window(); },
    .body_write = [](void* call, PearBytes bytes) { host_of(call).write_body(text(bytes)); },
    // What was written goes out at the end of the slice anyway.
    .body_flush = [](void* /*call*/) {},
    .body_finish =
        [](void* call, const PearField* trailers, std::size_t count) {
          host_of(call).finish_body(FieldViews(trailers, count).view());
        },
    .body_abort = [](void* call) { host_of(call).abort_body(); },
    .body_read =
        [](void* call, std::uint64_t max, PearBytes* out) {
          std::string_view bytes;
          const BodyRead read = host_of(call).read_body(max, &bytes);
          *out = raw(bytes);
          switch (read) {
            case BodyRead::Bytes:
              return PEAR_READ_BYTES;
            case BodyRead::Pending:
              return PEAR_READ_PENDING;
            case BodyRead::End:
              return PEAR_READ_END;
            case BodyRead::Failed:
              return PEAR_READ_FAILED;
          }
          PEAR_UNREACHABLE("a read without a name in the bridge");
        },
    .body_readable = [](void* call) { return host_of(call).body_readable(); },
    .body_trailers =
        [](void* call, const PearField** trailers) {
          auto& guest = *static_cast<WasmGuest*>(call);
          const auto fields = guest.trailers(guest.host().request_trailers());
          *trailers = fields.data();
          return fields.size();
        },
    .wake_at =
        [](void* instance, std::uint64_t deadline_ns) {
          host_of(instance).wake_at(MonotonicTime(std::chrono::nanoseconds(
              static_cast<std::int64_t>(std::min<std::uint64_t>(deadline_ns, INT64_MAX)))));
        },
};

WasmGuest::WasmGuest(Origin origin, GuestHost& host, std::uint64_t token)
    : host_(&host),
      place_(std::move(origin.place)),
      grants_(std::move(origin.grants)),
      instance_(origin.image, {.host = &kHost, .context = this, .grants = &grants_->raw_grants()},
                origin.inbox, token) {}

void WasmGuest::begin(const GuestRequest& request) {
  fields_.clear();
  for (const http::Field& field : request.fields) {
    fields_.push_back({.name = raw(field.name), .value = raw(field.value)});
  }
  long_running_ = false;
  instance_.begin({.method = raw(request.method),
                   .scheme = raw(request.scheme),
                   .authority = raw(request.authority),
                   .path_with_query = raw(request.path_with_query),
                   .fields = fields_.data(),
                   .field_count = fields_.size()},
                  this);
}

// The first slice of a call is charged by the clock, which costs a tenth of asking for the thread's
// CPU time and can only be too much, by what preempted it. Calls that go on beyond it are measured
// exactly.
Guest::Slice WasmGuest::poll() {
  const bool exactly = long_running_;
  const auto cpu_start = exactly ? io::thread_cpu_time() : std::chrono::nanoseconds::zero();
  const MonotonicTime start = io::now();
  const engine::PollStep step = instance_.poll();
  const MonotonicTime end = io::now();
  Slice slice{.cpu = exactly ? io::thread_cpu_time() - cpu_start : end - start, .end = end};
  switch (step) {
    case engine::PollStep::Idle:
      slice.state = GuestState::Idle;
      break;
    case engine::PollStep::Pending:
      slice.state = GuestState::Pending;
      break;
    case engine::PollStep::Yielded:
      slice.state = GuestState::Yielded;
      long_running_ = true;
      break;
    case engine::PollStep::Faulted:
      slice.state = GuestState::Faulted;
      break;
  }
  return slice;
}

Guest::Ending WasmGuest::ending() const {
  constexpr auto kind_of = [](engine::InstanceFault fault) {
    switch (fault) {
      case engine::InstanceFault::Trap:
        return GuestFault::Trap;
      case engine::InstanceFault::Memory:
        return GuestFault::Memory;
      case engine::InstanceFault::HostRule:
        return GuestFault::Host;
      case engine::InstanceFault::Exit:
        return GuestFault::Exit;
      case engine::InstanceFault::Panic:
        return GuestFault::Panic;
      case engine::InstanceFault::Start:
        return GuestFault::Start;
      case engine::InstanceFault::NoRoom:
        return GuestFault::NoRoom;
      case engine::InstanceFault::Limit:
        return GuestFault::Limit;
    }
    PEAR_UNREACHABLE("a fault of the engine without a name here");
  };
  return {.kind = kind_of(instance_.fault()), .message = instance_.fault_text()};
}

std::span<const PearField> WasmGuest::trailers(std::span<const http::Field> fields) {
  trailers_.clear();
  for (const http::Field& field : fields) {
    trailers_.push_back({.name = raw(field.name), .value = raw(field.value)});
  }
  return trailers_;
}

class WasmGuestSource final : public GuestSource {
 public:
  WasmGuestSource(std::shared_ptr<const engine::Image> image, const config::SiteSettings& site,
                  engine::Inbox& inbox, engine::InstanceCount& instances)
      : image_(std::move(image)),
        grants_(std::make_shared<const Grants>(image_->engine(), site)),
        inbox_(inbox),
        instances_(instances),
        needs_(image_->needs()),
        site_(instances.site(site.name)) {}

  std::unique_ptr<Guest> make(GuestHost& host, std::uint64_t token) override {
    engine::InstanceCount::Place place = instances_.take(needs_, site_);
    if (place == nullptr) return nullptr;
    return std::make_unique<WasmGuest>(
        WasmGuest::Origin{
            .image = *image_, .grants = grants_, .inbox = inbox_, .place = std::move(place)},
        host, token);
  }
  [[nodiscard]] bool process_is_full() const override { return instances_.is_full_for(needs_); }

 private:
  std::shared_ptr<const engine::Image> image_;
  std::shared_ptr<const Grants> grants_;
  engine::Inbox& inbox_;
  engine::InstanceCount& instances_;
  engine::InstanceCount::Needs needs_;
  engine::InstanceCount::SharedSite site_;
};

// Another thread has something for this core.
void wake(void* waker) {
  static_cast<io::Waker*>(waker)->wake();
}

}  // namespace

WasmGuestMaker::WasmGuestMaker(const Parts& parts, io::Waker& waker)
    : parts_(parts), room_(parts.instances, &wake, &waker), inbox_(&wake, &waker) {}

WasmGuestMaker::~WasmGuestMaker() {
  rest();
}

std::unique_ptr<GuestSource> WasmGuestMaker::open(std::shared_ptr<const engine::Image> image,
                                                  const config::SiteSettings& site) {
  return std::make_unique<WasmGuestSource>(std::move(image), site, inbox_, parts_.instances);
}

std::size_t WasmGuestMaker::take_woken(std::span<std::uint64_t> tokens) {
  return inbox_.take(tokens);
}

void WasmGuestMaker::work() {
  if (!std::exchange(working_, true)) parts_.ticker.guest_started();
}

void WasmGuestMaker::rest() {
  if (std::exchange(working_, false)) parts_.ticker.guest_stopped();
}

void WasmGuestMaker::bury(std::unique_ptr<Guest> guest) {
  parts_.reaper.take(std::move(guest));
}

}  // namespace pear::cage
