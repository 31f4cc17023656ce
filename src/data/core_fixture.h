// CoreTest: the data path as a whole, on one thread: real sockets, real parser, guests that play a
// script.
//
// Thread: core-local, in tests.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/log/log_writer.h"
#include "data/cage/fake_guest.h"
#include "data/core.h"
#include "io/socket.h"

namespace pear::data {

// The body of a whole response with chunks.
inline std::string body_of_chunks(const std::string& response) {
  std::string body;
  for (std::size_t at = response.find("\r\n\r\n") + 4; at < response.size();) {
    const std::size_t size = std::stoul(response.substr(at), nullptr, 16);
    at = response.find("\r\n", at) + 2;
    body += response.substr(at, size);
    at += size + 2;
  }
  return body;
}

// A guest that says back what it is told, as far as somebody listens.
inline cage::Guest::Slice echo(cage::FakeGuest& guest) {
  if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
  while (true) {
    const std::uint64_t window = guest.host.body_window();
    if (window == 0) return guest.pending();
    std::string_view bytes;
    switch (guest.host.read_body(window, &bytes)) {
      case cage::BodyRead::Bytes:
        guest.host.write_body(bytes);
        break;
      case cage::BodyRead::Pending:
        return guest.pending();
      case cage::BodyRead::End:
        guest.host.finish_body({});
        return guest.idle();
      case cage::BodyRead::Failed:
        guest.host.abort_body();
        return guest.idle();
    }
  }
}

// One core with one site of one or more cages, driven turn by turn.
class CoreTest : public testing::Test {
 public:
  ~CoreTest() override {
    if (core_ == nullptr) return;
    core_->stop();
    core_->run();
  }
  CoreTest(const CoreTest&) = delete;
  CoreTest& operator=(const CoreTest&) = delete;
  CoreTest(CoreTest&&) = delete;
  CoreTest& operator=(CoreTest&&) = delete;

 protected:
  CoreTest()
      : log_file_(::memfd_create("log", MFD_CLOEXEC)),
        log_(*log::LogWriter::open({.fd = log_file_.get()})),
        logger_(log_->add_channel(1U << 20U), {}) {
    settings_.http.connections_max = 64;
    settings_.rate_limit.entries = 1'024;
    settings_.log.access = false;
    site_.name = "shop";
    site_.cages = 1;
    engine_.serve = [](cage::FakeGuest& guest) { return guest.answer("hello"); };
  }

  void start() {
    reactor_ = *io::Reactor::open();
    engine_.clock = reactor_->now();
    mesh_ = std::make_unique<HopMesh>(1, 16);
    limits_ = std::make_unique<security::SharedLimits>(settings_, security::KeyedHash::Key{1, 2});
    core_ = std::make_unique<Core>(Core::Parts{.id = CoreId{0},
                                               .settings = settings_,
                                               .reactor = *reactor_,
                                               .maker = maker_,
                                               .commands = commands_,
                                               .events = events_,
                                               .control = reactor_->waker(),
                                               .mesh = *mesh_,
                                               .counters = counters_,
                                               .logger = logger_,
                                               .limits = *limits_,
                                               .wall_time = wall_time_,
                                               .quic = quic_});
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0),
                                      {.shares_port = listener_shares_port_});
    address_ = *io::SocketAddress::of_socket(listener->get());
    listener_fd_ = listener->get();
    core_->listen(*std::move(listener), listener::Security::Plain);
    publish();
    spawn();
    turns(3);
  }
  void spawn() {
    for (const model::CagePlace& place : table_->sites[0]->cages) {
      send(SpawnCage{.cage = place.cage, .site = SiteId{0}, .recover_credits = 64});
    }
  }

  void publish() {
    auto site = std::make_shared<model::Site>();
    site->settings = site_;
    site->metrics = metrics_;
    site->awaits_image = awaits_image_;
    for (std::uint32_t i = 0; i < site_.cages && has_cages_; ++i) {
      site->cages.push_back({.cage = CageId{i + 1},
                             .core = CoreId{0},
                             .counters = std::make_shared<model::CageCounters>()});
    }
    auto table = std::make_shared<model::SiteTable>();
    table->sites.push_back(site);
    std::vector<model::RouteTable::Conflict> conflicts;
    table->routes = model::RouteTable::build(routes_, &conflicts);
    table_ = table;
    send(PublishSites{.sites = table});
  }

  void send(CoreCommand command) {
    ASSERT_NE(commands_.try_push(std::move(command)), base::PushResult::Full);
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) core_->turn(io::Reactor::Wait::No);
  }

  io::UniqueFd connect() {
    io::UniqueFd client = *io::start_connect(address_);
    turns(2);
    return client;
  }
  void say(const io::UniqueFd& client, std::string_view bytes) {
    while (!bytes.empty()) {
      const io::Transfer sent = io::send(client.get(), std::span(bytes));
      ASSERT_NE(sent.status, io::Transfer::Status::Failed);
      bytes.remove_prefix(sent.bytes);
      turns(1);
    }
  }
  // Turns until `enough` of what has come, or nothing has come for many turns.
  std::string hear(const io::UniqueFd& client,
                   const std::function<bool(const std::string&)>& enough) {
    std::string heard;
    for (int quiet = 0; quiet < 2'000; ++quiet) {
      turns(1);
      std::array<char, 65'536> buffer{};
      const io::Transfer got = io::receive(client.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) return heard + "<end>";
      if (got.status == io::Transfer::Status::Failed) return heard + "<reset>";
      if (got.status != io::Transfer::Status::Done) continue;
      heard.append(buffer.data(), got.bytes);
      quiet = 0;
      if (enough(heard)) break;
    }
    return heard;
  }
  std::string hear_body(const io::UniqueFd& client, std::string_view body) {
    return hear(client, [&](const std::string& heard) { return heard.ends_with(body); });
  }
  std::string ask(std::string_view request, std::string_view body) {
    const io::UniqueFd client = connect();
    say(client, request);
    return hear_body(client, body);
  }
  template <typename Event>
  std::vector<Event> take_events() {
    std::vector<Event> found;
    events_.drain([&](CoreEvent&& event) {
      if (auto* const wanted = std::get_if<Event>(&event)) found.push_back(std::move(*wanted));
    });
    return found;
  }
  // All that was logged until now. Once: the log ends with it.
  std::string logged() {
    log_->stop();
    log_->run();
    std::string text(65'536, '\0');
    const ssize_t size = ::pread(log_file_.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }
  [[nodiscard]] model::CageState state_of(std::size_t cage) const {
    return table_->sites[0]->cages[cage].counters->state.load();
  }
  [[nodiscard]] model::SiteCounters& counters() { return *metrics_->by_core[0]; }

  static constexpr std::string_view kGet = "GET /site/ HTTP/1.1\r\nHost: a\r\n\r\n";

  io::UniqueFd log_file_;
  std::unique_ptr<log::LogWriter> log_;
  log::Logger logger_;
  config::ServerSettings settings_;
  config::SiteSettings site_;
  std::vector<model::Route> routes_{
      {.host = "", .path = "/site/...", .site = SiteId{0}, .index = 0}};
  WallTime (*wall_time_)() = &io::wall_time;
  const io::tls::QuicSecrets* quic_ = nullptr;  // Null: no HTTP/3.
  bool has_cages_ = true;
  bool listener_shares_port_ = true;  // As the keeper opens them.
  int listener_fd_ = -1;              // The core's.
  bool awaits_image_ = false;
  decltype(model::Site::metrics) metrics_ = [] {
    auto metrics = std::make_shared<model::SiteMetrics>();
    metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
    return metrics;
  }();
  cage::FakeEngine engine_;
  cage::FakeGuestMaker maker_{engine_};
  base::SpscRing<CoreCommand> commands_{64};
  base::SpscRing<CoreEvent> events_{1024};
  model::CoreCounters counters_;
  std::unique_ptr<HopMesh> mesh_;
  std::unique_ptr<security::SharedLimits> limits_;
  std::shared_ptr<const model::SiteTable> table_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<Core> core_;
  io::SocketAddress address_;
};

}  // namespace pear::data
