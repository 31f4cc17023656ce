// TwoCoresTest: two cores on two threads, each of which listens. For tests.
//
// Thread: the test's, which is control to them.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/clock.h"
#include "io/socket.h"
#include "io/tls/strike_register.h"
#include "io/tls/test_certificates.h"
#include "io/udp_socket.h"

namespace pear::data {

constexpr std::size_t kCores = 2;
constexpr std::chrono::seconds kPatience{30};

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
  int quic_fd = -1;
  std::jthread thread;
};

// Site 0 is served by core 0 alone, site 1 by core 1.
class TwoCoresTest : public testing::Test {
 protected:
  TwoCoresTest() {
    settings_.log.access = false;
    settings_.https = {{.host = "127.0.0.1", .port = 3443}};
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

  [[nodiscard]] const io::SocketAddress& address_of(std::size_t core) const {
    return cores_[core].address;
  }

 private:
  config::ServerSettings settings_;
  std::unique_ptr<log::LogWriter> log_ = *log::LogWriter::open({});
  std::unique_ptr<io::Reactor> control_ = *io::Reactor::open();
  HopMesh mesh_{kCores, 4};  // So small that records find it full.
  listener::DatagramMesh datagram_mesh_{kCores, 64};
  io::tls::QuicSecrets secrets_{io::tls::LastingSecret::alone()};
  security::SharedLimits limits_{settings_, security::KeyedHash::Key{1, 2}};

 protected:
  io::SocketAddress quic_address_;  // Of both.
  std::array<CoreOnThread, kCores> cores_;
  std::shared_ptr<const model::SiteTable> table_;

 private:
  void build(std::uint16_t id) {
    CoreOnThread& made = cores_[id];
    made.engine.serve = [&engine = made.engine](cage::FakeGuest& guest) {
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
                                                   .limits = limits_,
                                                   .wall_time = [] { return io::tls::kTestNow; },
                                                   .quic = &secrets_,
                                                   .datagram_mesh = &datagram_mesh_});
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {});
    made.address = *io::SocketAddress::of_socket(listener->get());
    made.core->listen(*std::move(listener), listener::Security::Plain);

    if (id == 0) quic_address_ = *io::SocketAddress::parse("127.0.0.1", 0);
    auto socket = io::UdpSocket::adopt(*io::open_udp_socket(quic_address_, {.shares_port = true}));
    quic_address_ = socket->local();
    made.quic_fd = socket->fd();
    made.core->listen(*std::move(socket));
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

}  // namespace pear::data
