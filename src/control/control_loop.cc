#include "control/control_loop.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace pear::control {

using std::chrono::milliseconds;

ControlLoop::ControlLoop(Options options, Parts parts)
    : options_(std::move(options)),
      reactor_(parts.reactor),
      cores_(std::move(parts.cores)),
      images_(parts.images),
      logger_(parts.logger),
      wall_time_(parts.wall_time),
      signs_(parts.signs == nullptr ? unseen_ : *parts.signs),
      largest_site_(parts.largest_site),
      started_at_(reactor_.now()),
      busy_at_(started_at_),
      turns_(cores_.size()),
      tables_(static_cast<std::uint32_t>(cores_.size())),
      supervisor_({.cores = static_cast<std::uint32_t>(cores_.size()), .drain = options_.drain},
                  *this, *this),
      quarantine_(std::move(options_.quarantine), std::move(parts.tell_quarantine)),
      worker_(reactor_.waker()) {
  PEAR_ASSERT(!cores_.empty(), "a server has at least one core");
  for (const CoreLink& link : cores_) {
    outboxes_.emplace_back(link.commands, link.core_waker);
    counters_.push_back(&link.counters);
  }
  arm_tick(started_at_);
}

ControlLoop::~ControlLoop() = default;

Result<void> ControlLoop::serve_admin(io::UniqueFd listener, std::string host) {
  admin_ =
      std::make_unique<admin::AdminServer>(reactor_, std::move(listener), std::move(host), *this);
  return admin_->start();
}

std::optional<io::SocketAddress> ControlLoop::admin_address() const {
  if (admin_ == nullptr) return std::nullopt;
  const Result<io::SocketAddress> address = admin_->address();
  return address ? std::optional(*address) : std::nullopt;
}

// ---- Settings.

void ControlLoop::apply(std::shared_ptr<const config::Settings> settings, OnApplied on_applied) {
  loading_ = std::make_shared<Loading>();
  loading_->begun_at = reactor_.now();
  loading_->is_first = !std::exchange(applied_, true);
  loading_->settings = std::move(settings);
  loading_->on_applied = std::move(on_applied);
  loading_->verdicts.resize(loading_->settings->sites.size());
  for (const auto& site : loading_->settings->sites) {
    loading_->ids.push_back(tables_.id_of(site.name));
  }
  table_changed_ = true;
  load_next(loading_);
}

// The worker holds one site at a time, so that a newer apply() does not wait behind all the sites
// of an older one.
void ControlLoop::load_next(std::shared_ptr<Loading> loading) {
  if (loading != loading_ || loading->complete()) {
    finish_loading(*loading);
    return;
  }
  if (quarantine_.holds(loading->settings->sites[loading->decided].name)) {
    look_at_quarantined(std::move(loading));
  } else {
    load(std::move(loading));
  }
}

void ControlLoop::load(std::shared_ptr<Loading> loading) {
  worker_.submit([this, loading = std::move(loading)]() mutable -> Worker::Then {
    const config::SiteSettings& site = loading->settings->sites[loading->decided];
    auto loaded = images_.load(site);
    // A server that has just come serves with what the one before it ran, rather than not at all.
    std::expected<LoadedImage, std::string> last = std::unexpected(std::string());
    if (!loaded && loading->is_first) last = images_.load_last(site);
    return [this, loaded = std::move(loaded), last = std::move(last),
            loading = std::move(loading)]() mutable {
      if (loading == loading_ && last) {
        deploy_last(*loading, std::move(*last), std::move(loaded.error()));
      } else if (loading == loading_) {
        deploy_next(*loading, std::move(loaded));
      }
      load_next(std::move(loading));
    };
  });
}

// What servers died of is not compiled. Where it is another component now, it gets its chance.
void ControlLoop::look_at_quarantined(std::shared_ptr<Loading> loading) {
  worker_.submit([this, loading = std::move(loading)]() mutable -> Worker::Then {
    const config::SiteSettings& site = loading->settings->sites[loading->decided];
    return [this, component = images_.fingerprint(site), loading = std::move(loading)]() mutable {
      if (loading != loading_) return load_next(std::move(loading));
      const std::string& name = loading->settings->sites[loading->decided].name;
      if (!quarantine_.still_holds(name, component)) return load(std::move(loading));
      keep_out(*loading);
      load_next(std::move(loading));
    };
  });
}

void ControlLoop::keep_out(Loading& loading) {
  const std::string& name = loading.settings->sites[loading.decided].name;
  admin::SiteVerdict& verdict = loading.verdicts[loading.decided++];
  verdict = {.kind = admin::SiteVerdict::Kind::Quarantined,
             .reason = "servers died of it twice within a minute; pear restart " + name +
                       " serves it again, and so does another component"};
  table_changed_ = true;
  record({.level = log::Level::Error,
          .name = "site_quarantined",
          .subject = {.site = name},
          .message = verdict.reason},
         {});
}

void ControlLoop::deploy_last(Loading& loading, LoadedImage image, std::string problem) {
  const std::size_t index = loading.decided;
  record({.level = log::Level::Error,
          .name = "image_former",
          .subject = {.site = loading.settings->sites[index].name},
          .message = "it is served with the component that it last ran with: " + problem},
         {});
  deploy_next(loading, std::move(image));
  loading.verdicts[index].reason = std::move(problem);
}

void ControlLoop::deploy_next(Loading& loading, std::expected<LoadedImage, std::string> image) {
  const config::SiteSettings& site = loading.settings->sites[loading.decided];
  admin::SiteVerdict& verdict = loading.verdicts[loading.decided++];
  table_changed_ = true;
  busy_at_ = reactor_.now();
  arm_tick(busy_at_);
  if (!image) {
    record({.level = log::Level::Error,
            .name = "image_refused",
            .subject = {.site = site.name},
            .message = image.error()},
           {});
    verdict = {.kind = admin::SiteVerdict::Kind::Refused, .reason = image.error()};
    loading.report.refused.push_back({.site = site.name, .reason = std::move(image.error())});
    return;
  }
  verdict.kind = admin::SiteVerdict::Kind::Loaded;
  // Shares the settings' lifetime, without a copy.
  supervisor_.deploy(
      tables_.id_of(site.name),
      {.settings = std::shared_ptr<const config::SiteSettings>(loading.settings, &site),
       .image = image->image,
       .digest = image->digest},
      busy_at_);
}

void ControlLoop::finish_loading(Loading& loading) {
  loading.report.superseded = &loading != loading_.get();
  if (!loading.report.superseded) {
    std::set<SiteId> gone;
    for (const auto& [id, site] : supervisor_.sites()) gone.insert(id);
    for (const auto& site : loading.settings->sites) gone.erase(tables_.id_of(site.name));
    for (const SiteId id : gone) supervisor_.remove(id, reactor_.now());
    table_changed_ = true;
    busy_at_ = reactor_.now();
    arm_tick(busy_at_);
  }
  if (loading.on_applied) loading.on_applied(loading.report);
}

bool ControlLoop::restart_site(std::string_view name) {
  const SiteId* const id = tables_.find(name);
  if (id == nullptr) return false;
  if (!supervisor_.restart(*id, reactor_.now())) {
    // One that was left out, or refused, gets another chance, by the settings that are in force.
    const bool is_wanted =
        loading_ != nullptr && std::ranges::find(loading_->ids, *id) != loading_->ids.end();
    if (!is_wanted) return false;
    quarantine_.lift(name);
    apply(loading_->settings, {});
  }
  busy_at_ = reactor_.now();
  arm_tick(busy_at_);
  return true;
}

void ControlLoop::use(std::shared_ptr<const io::tls::ServerContexts> contexts) {
  certificates_ = std::move(contexts);
  for (Outbox& outbox : outboxes_) {
    outbox.send(data::PublishCertificates{.contexts = certificates_});
  }
}

void ControlLoop::use(const std::shared_ptr<const config::ServerSettings>& settings) {
  for (Outbox& outbox : outboxes_) outbox.send(data::ApplySettings{.settings = settings});
}

// ---- Turns.

void ControlLoop::turn() {
  signs_.rest();
  turn(io::Reactor::Wait::UntilEvent);
}

void ControlLoop::turn_now() {
  turn(io::Reactor::Wait::No);
}

void ControlLoop::turn(io::Reactor::Wait wait) {
  reactor_.begin_turn(wait);
  signs_.begin_turn(reactor_.now());
  reactor_.run_turn();
  work();
}

void ControlLoop::work() {
  worker_.collect();
  if (take_events() > 0) {
    if (reactor_.now() - busy_at_ >= kCalmAfter) arm_tick(reactor_.now());
    busy_at_ = reactor_.now();
  }
  publish();
  flushed_ = flush();
  if (!start_over_) start_over_ = all_decided();
  logger_.report_drops(wall_time_());
}

std::size_t ControlLoop::take_events() {
  std::size_t taken = 0;
  bool more = false;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const CoreId core{static_cast<std::uint16_t>(i)};
    std::size_t of_core = 0;
    while (of_core < kEventsMax) {
      std::optional<data::CoreEvent> event = cores_[i].events.try_pop();
      if (!event) break;
      on_event(core, *event);
      ++of_core;
    }
    taken += of_core;
    more = more || of_core == kEventsMax;
  }
  // A queue that was not emptied will not wake us.
  if (more) reactor_.waker().wake();
  return taken;
}

void ControlLoop::on_event(CoreId core, const data::CoreEvent& event) {
  supervisor_.on_core_heard(core, reactor_.now());
  if (const auto* drained = std::get_if<data::CoreDrained>(&event)) {
    on_drained(core, drained->cut);
    return;
  }
  supervisor_.on_event(event, reactor_.now());
}

void ControlLoop::hear_cores() {
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const std::uint64_t turns = cores_[i].counters.turns.value();
    if (std::exchange(turns_[i], turns) == turns) continue;
    supervisor_.on_core_heard(CoreId{static_cast<std::uint16_t>(i)}, reactor_.now());
  }
}

void ControlLoop::on_tick(MonotonicTime now) {
  hear_cores();
  supervisor_.on_time(now);
  note_for_the_next();
  if (drain_by_ && now >= *drain_by_ + kDrainGrace) finish_drain();
  arm_tick(now);
}

// While nothing happens and nothing waits, an idle process hardly wakes.
void ControlLoop::arm_tick(MonotonicTime now) {
  const bool calm = now - busy_at_ >= kCalmAfter && flushed_ && !drain_by_;
  reactor_.timers().arm(tick_, now + (calm ? kCalmTurn : supervisor::Supervisor::kTurn));
}

bool ControlLoop::first_image_may_come() const {
  return !published_ && loading_ != nullptr && loading_->decided == 0 && !loading_->complete() &&
         reactor_.now() - loading_->begun_at < kFirstImage;
}

void ControlLoop::publish() {
  if (!table_changed_ || first_image_may_come()) return;
  table_changed_ = false;
  published_ = true;
  SiteTableBuilder::WantedSites wanted;
  if (loading_ != nullptr) {
    wanted = {.sites = loading_->settings->sites, .decided = loading_->decided};
  }
  std::vector<model::RouteTable::Conflict> conflicts;
  const auto table = tables_.build(supervisor_, wanted, &conflicts);
  // Meanwhile a site may be wanted in the place of one that is not gone yet.
  if (loading_ != nullptr && !loading_->complete()) conflicts.clear();
  for (const auto& conflict : conflicts) {
    record(
        {.level = log::Level::Error,
         .name = "route_conflict",
         .subject = {.site =
                         tables_.metrics()[static_cast<std::uint32_t>(conflict.second.site)]->name},
         .message = "another site has this host and path already: give one of them another"},
        std::array{log::Field{"host", conflict.second.host},
                   log::Field{"path", conflict.second.path}});
  }
  for (Outbox& outbox : outboxes_) outbox.publish(table);
}

bool ControlLoop::flush() {
  bool all = true;
  for (Outbox& outbox : outboxes_) all = outbox.flush() && all;
  return all;
}

// ---- The supervisor's.

void ControlLoop::send(CoreId core, data::CoreCommand command) {
  outboxes_[static_cast<std::uint16_t>(core)].send(std::move(command));
}

void ControlLoop::record(const log::Event& event, std::span<const log::Field> fields) {
  logger_.event(wall_time_(), event, fields);
}

// ---- The end.

void ControlLoop::drain(MonotonicTime deadline,
                        std::move_only_function<void(std::uint64_t)> on_drained) {
  PEAR_ASSERT(!drain_by_, "a server drains once");
  drain_by_ = deadline;
  on_drained_ = std::move(on_drained);
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    const CoreId core{static_cast<std::uint16_t>(i)};
    draining_.insert(core);
    send(core, data::DrainCore{.deadline = deadline});
  }
  publish();
  flushed_ = flush();
  arm_tick(reactor_.now());
}

void ControlLoop::on_drained(CoreId core, std::uint64_t cut) {
  if (draining_.erase(core) == 0) return;
  cut_ += cut;
  if (draining_.empty()) finish_drain();
}

void ControlLoop::finish_drain() {
  auto tell = std::exchange(on_drained_, nullptr);
  if (!tell) return;
  if (!draining_.empty()) {
    record({.level = log::Level::Error,
            .name = "drain_overdue",
            .message = "some cores did not report that they have drained"},
           std::array{log::Field{"silent_cores", std::uint64_t{draining_.size()}}});
  }
  tell(cut_);
}

}  // namespace pear::control
