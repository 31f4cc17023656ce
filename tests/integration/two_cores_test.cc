// Two cores on two threads: each listens, and serves what the other's guests say.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/clock.h"
#include "io/socket.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

constexpr std::size_t kCores = 2;
constexpr std::chrono::seconds kPatience{30};

// A client on a thread of its own, which waits in poll().
class Client {
 public:
  explicit Client(const io::SocketAddress& address) : socket_(*io::start_connect(address)) {}

  // Sends all of `bytes` while it hears, until `heard` holds `enough` bytes or has `last` in it.
  // False: the connection ended, or nothing happened for too long.
  [[nodiscard]] bool talk(std::string_view bytes, std::string_view last, std::size_t enough) {
    while (!bytes.empty() || !(heard.size() >= enough || heard.contains(last))) {
      pollfd watched{.fd = socket_.get(),
                     .events = static_cast<short>(bytes.empty() ? POLLIN : POLLIN | POLLOUT),
                     .revents = 0};
      const std::chrono::milliseconds patience = kPatience;
      if (::poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return false;
      if (!bytes.empty()) bytes.remove_prefix(io::send(socket_.get(), std::span(bytes)).bytes);
      const io::Transfer got = io::receive(socket_.get(), buffer_);
      if (got.status == io::Transfer::Status::WouldBlock) continue;
      if (got.status != io::Transfer::Status::Done) return false;
      heard.append(buffer_.data(), got.bytes);
    }
    return true;
  }
  void leave() {
    io::reset_on_close(socket_.get());
    socket_.reset();
  }

  std::string heard;

 private:
  io::UniqueFd socket_;
  std::array<char, 65'536> buffer_{};
};

struct CoreOnThread {
  std::unique_ptr<io::Reactor> reactor = *io::Reactor::open();
  cage::FakeEngine engine;
  cage::FakeGuestMaker maker{engine};
  base::SpscRing<CoreCommand> commands{64};
  base::SpscRing<CoreEvent> events{1024};
  model::CoreCounters counters;
  std::optional<log::Logger> logger;
  std::unique_ptr<Core> core;
  io::SocketAddress address;
  std::jthread thread;
};

// Site 0 is served by core 0 alone, site 1 by core 1; the test is control.
class TwoCoresTest : public testing::Test {
 protected:
  TwoCoresTest() {
    settings_.log.access = false;
    for (std::uint16_t i = 0; i < kCores; ++i) build(i);
    publish();
    for (CoreOnThread& each : cores_) each.thread = std::jthread([&each] { each.core->run(); });
    for (std::uint16_t i = 0; i < kCores; ++i) await<CageStarted>(i);
  }
  ~TwoCoresTest() override { stop(); }

  void stop() {
    for (CoreOnThread& each : cores_) each.core->stop();
    for (CoreOnThread& each : cores_) {
      if (each.thread.joinable()) each.thread.join();
    }
  }

  void send(std::size_t to, CoreCommand command) {
    EXPECT_NE(cores_[to].commands.try_push(std::move(command)), base::PushResult::Full);
    cores_[to].reactor->waker().wake();
  }
  // The next event of this kind; any fault of a cage on the way there fails the test.
  template <typename Event>
  Event await(std::size_t from) {
    const MonotonicTime end = io::now() + kPatience;
    while (io::now() < end) {
      while (std::optional<CoreEvent> event = cores_[from].events.try_pop()) {
        EXPECT_FALSE(std::holds_alternative<CageFaulted>(*event));
        if (auto* const wanted = std::get_if<Event>(&*event)) return std::move(*wanted);
      }
      control_->turn();
    }
    ADD_FAILURE() << "the event did not come";
    return {};
  }

  // The address of a core, and a path whose guests run on the other one.
  [[nodiscard]] const io::SocketAddress& address_of(std::size_t core) const {
    return cores_[core].address;
  }
  static std::string post(std::size_t core, std::size_t size) {
    return fmt::format("POST /site{}/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 1 - core,
                       size);
  }
  // At each core a client of its own.
  template <typename Visit>
  static void visit_both(Visit visit) {
    std::vector<std::jthread> clients;
    for (std::size_t core = 0; core < kCores; ++core) clients.emplace_back(visit, core);
  }

 private:
  config::ServerSettings settings_;
  std::unique_ptr<log::LogWriter> log_ = *log::LogWriter::open({});
  std::unique_ptr<io::Reactor> control_ = *io::Reactor::open();
  HopMesh mesh_{kCores, 4};  // So small that records find it full.
  security::SharedLimits limits_{settings_, security::KeyedHash::Key{1, 2}};

 protected:
  std::array<CoreOnThread, kCores> cores_;
  std::shared_ptr<const model::SiteTable> table_;

 private:
  void build(std::uint16_t id) {
    CoreOnThread& made = cores_[id];
    made.engine.serve = [&engine = made.engine](FakeGuest& guest) {
      engine.clock = std::max(engine.clock, io::now());
      return echo(guest);
    };
    made.engine.clock = io::now();
    made.logger.emplace(log_->add_channel(1U << 20U), log::Logger::Options{});
    made.core = std::make_unique<Core>(Core::Parts{.id = CoreId{id},
                                                   .settings = settings_,
                                                   .reactor = *made.reactor,
                                                   .maker = made.maker,
                                                   .commands = made.commands,
                                                   .events = made.events,
                                                   .control = control_->waker(),
                                                   .mesh = mesh_,
                                                   .counters = made.counters,
                                                   .logger = *made.logger,
                                                   .limits = limits_});
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {});
    made.address = *io::SocketAddress::of_socket(listener->get());
    made.core->listen(*std::move(listener), data::listener::Security::Plain);
  }

  void publish() {
    auto table = std::make_shared<model::SiteTable>();
    std::vector<model::Route> routes;
    for (std::uint16_t i = 0; i < kCores; ++i) {
      auto site = std::make_shared<model::Site>();
      site->id = SiteId{i};
      auto metrics = std::make_shared<model::SiteMetrics>();
      for (std::size_t core = 0; core < kCores; ++core) {
        metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
      }
      site->metrics = std::move(metrics);
      site->cages.push_back({.cage = CageId{i + 1U},
                             .core = CoreId{i},
                             .counters = std::make_shared<model::CageCounters>()});
      table->sites.push_back(std::move(site));
      routes.push_back(
          {.host = "", .path = fmt::format("/site{}/...", i), .site = SiteId{i}, .index = 0});
    }
    table->routes = model::RouteTable::build(routes, nullptr);
    table_ = table;
    for (std::uint16_t i = 0; i < kCores; ++i) {
      send(i, PublishSites{.sites = table});
      send(i, SpawnCage{.cage = CageId{i + 1U}, .site = SiteId{i}, .recover_credits = 1});
    }
  }
};

TEST_F(TwoCoresTest, BodiesGoBothWaysThroughTheOtherCore) {
  std::string body;
  for (int i = 0; body.size() < 300'000; ++i) body += fmt::format("{:08}", i);
  visit_both([&](std::size_t core) {
    Client client(address_of(core));
    for (int i = 0; i < 10; ++i) {
      client.heard.clear();
      ASSERT_TRUE(client.talk(post(core, body.size()) + body, "\r\n0\r\n\r\n", SIZE_MAX));
      ASSERT_TRUE(body_of_chunks(client.heard) == body) << client.heard.size();
    }
  });
}

TEST_F(TwoCoresTest, AClientThatLeavesInTheMiddleLeavesNothingBehind) {
  visit_both([&](std::size_t core) {
    for (std::size_t i = 1; i <= 20; ++i) {
      Client client(address_of(core));
      const std::string part(50'000, 'x');
      ASSERT_TRUE(client.talk(post(core, 1'000'000) + part, "never", i * 2'000));
      client.leave();
    }
    Client last(address_of(core));
    ASSERT_TRUE(last.talk(post(core, 5) + "hello", "hello", SIZE_MAX));
  });

  for (std::size_t i = 0; i < kCores; ++i) {
    send(i, DrainCore{.deadline = io::now() + std::chrono::hours(1)});
  }
  for (std::size_t i = 0; i < kCores; ++i) EXPECT_EQ(await<CoreDrained>(i).cut, 0U);
  stop();
  for (std::size_t i = 0; i < kCores; ++i) {
    EXPECT_EQ(table_->sites[i]->cages[0].counters->in_flight.value(), 0U);
  }
}

TEST_F(TwoCoresTest, CoresThatStopAtOnceWaitForWhatTheOtherHolds) {
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < 20; ++i) {
    const std::size_t core = i % kCores;
    clients.push_back(std::make_unique<Client>(address_of(core)));
    const std::string part(50'000, 'x');
    ASSERT_TRUE(clients.back()->talk(post(core, 1'000'000) + part, "never", 10'000));
  }

  stop();

  // That they can be destroyed is the test: each asserts that nothing of it is left.
}

}  // namespace
}  // namespace pear::data
