// The data path as a whole, on one thread: real sockets, real parser, guests that play a script.
#include "data/core.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/log/log_writer.h"
#include "data/cage/fake_guest.h"
#include "io/clock.h"
#include "io/socket.h"

namespace pear::data {
namespace {

using cage::FakeEngine;
using cage::FakeGuest;
using cage::FakeGuestMaker;
using cage::Guest;
using cage::GuestFault;
using model::CageState;

// One core with one site of one or more cages, driven turn by turn.
class CoreTest : public testing::Test {
 protected:
  CoreTest() : log_(*log::LogWriter::open({})), logger_(log_->add_channel(1U << 20U), {}) {
    settings_.http.connections_max = 64;
    settings_.log.access = false;
    site_.name = "shop";
    site_.cages = 1;
    engine_.serve = [](FakeGuest& guest) { return guest.answer("hello"); };
  }

  ~CoreTest() override {
    if (core_ == nullptr) return;
    core_->stop();
    core_->run();
  }

  void start() {
    reactor_ = *io::Reactor::open();
    engine_.clock = reactor_->now();
    mesh_ = std::make_unique<HopMesh>(1, 16);
    core_ = std::make_unique<Core>(Core::Parts{.id = CoreId{0},
                                               .settings = settings_,
                                               .reactor = *reactor_,
                                               .maker = maker_,
                                               .commands = commands_,
                                               .events = events_,
                                               .control = reactor_->waker(),
                                               .mesh = *mesh_,
                                               .counters = counters_,
                                               .logger = logger_});
    auto listener = io::open_listener(*io::SocketAddress::parse("127.0.0.1", 0), {});
    address_ = *io::SocketAddress::of_socket(listener->get());
    core_->listen(*std::move(listener));
    publish();
    for (const model::CagePlace& place : table_->sites[0]->cages) {
      send(SpawnCage{.cage = place.cage, .site = SiteId{0}, .recover_credits = 64});
    }
    turns(3);
  }

  void publish() {
    auto site = std::make_shared<model::Site>();
    site->settings = site_;
    site->metrics = metrics_;
    for (std::uint32_t i = 0; i < site_.cages; ++i) {
      site->cages.push_back({.cage = CageId{i + 1},
                             .core = CoreId{0},
                             .counters = std::make_shared<model::CageCounters>()});
    }
    auto table = std::make_shared<model::SiteTable>();
    table->sites.push_back(site);
    std::vector<model::RouteTable::Conflict> conflicts;
    table->routes = model::RouteTable::build(
        {{.host = "", .path = "/site/...", .site = SiteId{0}, .index = 0}}, &conflicts);
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
      std::array<char, 65'536> buffer;
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
  [[nodiscard]] CageState state_of(std::size_t cage) const {
    return table_->sites[0]->cages[cage].counters->state.load();
  }
  [[nodiscard]] model::SiteCounters& counters() { return *metrics_->by_core[0]; }

  static constexpr std::string_view kGet = "GET /site/ HTTP/1.1\r\nHost: a\r\n\r\n";

  std::unique_ptr<log::LogWriter> log_;
  log::Logger logger_;
  config::ServerSettings settings_;
  config::SiteSettings site_;
  decltype(model::Site::metrics) metrics_ = [] {
    auto metrics = std::make_shared<model::SiteMetrics>();
    metrics->by_core.push_back(std::make_unique<model::SiteCounters>());
    return metrics;
  }();
  FakeEngine engine_;
  FakeGuestMaker maker_{engine_};
  base::SpscRing<CoreCommand> commands_{64};
  base::SpscRing<CoreEvent> events_{1024};
  model::CoreCounters counters_;
  std::unique_ptr<HopMesh> mesh_;
  std::shared_ptr<const model::SiteTable> table_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<Core> core_;
  io::SocketAddress address_;
};

TEST_F(CoreTest, AnswersARequestWithWhatTheGuestSays) {
  start();
  const std::string heard = ask(kGet, "hello");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.contains("content-length: 5\r\n")) << heard;
}

TEST_F(CoreTest, ServesOneRequestAfterTheOtherOnAConnection) {
  start();
  const io::UniqueFd client = connect();
  for (int i = 0; i < 3; ++i) {
    say(client, kGet);
    EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(counters().responses[2].value(), 3U);
}

TEST_F(CoreTest, AnswersPipelinedRequestsInOrder) {
  engine_.serve = [](FakeGuest& guest) { return guest.answer(guest.request.path_with_query); };
  start();
  const io::UniqueFd client = connect();
  std::string requests;
  for (int i = 0; i < 5; ++i)
    requests += fmt::format("GET /site/{} HTTP/1.1\r\nHost: a\r\n\r\n", i);
  say(client, requests);
  const std::string heard = hear_body(client, "/site/4");
  std::size_t at = 0;
  for (int i = 0; i < 5; ++i) {
    at = heard.find(fmt::format("/site/{}", i), at);
    ASSERT_NE(at, std::string::npos) << heard;
  }
}

TEST_F(CoreTest, AnswersWith404WhereNoSiteIs) {
  start();
  const std::string heard = ask("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 404 Not Found\r\n")) << heard;
  EXPECT_TRUE(heard.contains("proxy-status: pear; error=destination_not_found\r\n")) << heard;
}

TEST_F(CoreTest, RefusesWhatIsNoRequestAndCloses) {
  start();
  const std::string heard = ask("GET / HTTP/1.1\nHost: a\n\n", "<end>");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << heard;
  EXPECT_TRUE(heard.contains("connection: close\r\n")) << heard;
  EXPECT_EQ(counters_.protocol_errors.value(), 1U);
}

TEST_F(CoreTest, ATrapIsA500AndTheCageHealsByItself) {
  engine_.serve = [](FakeGuest& guest) {
    if (guest.request.path_with_query == "/site/trap") {
      return guest.fault(GuestFault::Trap, "unreachable executed");
    }
    return guest.answer("hello");
  };
  start();
  static_cast<void>(take_events<CageStarted>());
  EXPECT_TRUE(ask("GET /site/trap HTTP/1.1\r\nHost: a\r\n\r\n", "\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(state_of(0), CageState::Running);

  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_TRUE(faults[0].recovered);
  EXPECT_EQ(faults[0].kind, FaultKind::Trap);
  EXPECT_EQ(faults[0].reason, "unreachable executed");
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, AUrlThatTrapsCanBeAskedForEverWhileCreditsLast) {
  engine_.serve = [](FakeGuest& guest) { return guest.fault(GuestFault::Trap, "no"); };
  start();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(ask(kGet, "\n").starts_with("HTTP/1.1 500 "));
    EXPECT_EQ(state_of(0), CageState::Running);
  }
}

TEST_F(CoreTest, WithoutACreditTheCageStaysCrashedUntilOneIsGranted) {
  engine_.serve = [](FakeGuest& guest) { return guest.fault(GuestFault::Trap, "no"); };
  start();
  for (int i = 0; i < 64; ++i) static_cast<void>(ask(kGet, "\n"));
  static_cast<void>(ask(kGet, "\n"));
  EXPECT_EQ(state_of(0), CageState::Crashed);

  send(GrantRecovery{.cage = CageId{1}, .credits = 1});
  turns(2);

  EXPECT_EQ(state_of(0), CageState::Running);
}

TEST_F(CoreTest, AGuestThatUsesUpItsCpuIsEndedWith504) {
  site_.limits.cpu = std::chrono::milliseconds(20);
  engine_.serve = [](FakeGuest& guest) { return guest.yielded(); };
  start();
  EXPECT_TRUE(ask(kGet, "\n").starts_with("HTTP/1.1 504 "));
  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, FaultKind::Cpu);
}

TEST_F(CoreTest, AFaultAfterTheHeadCutsTheResponse) {
  engine_.serve = [](FakeGuest& guest) {
    if (guest.slices == 1) {
      static_cast<void>(guest.host.respond(200, {}));
      guest.host.write_body("first part");
      return guest.yielded();
    }
    return guest.fault(GuestFault::Trap, "later");
  };
  start();
  const std::string heard = ask(kGet, "<end>");
  EXPECT_TRUE(heard.contains("first part")) << heard;
  EXPECT_FALSE(heard.contains("\r\n0\r\n")) << "a cut body must not look complete";
  EXPECT_EQ(counters().responses[0].value(), 1U);
}

TEST_F(CoreTest, StreamsABodyBackThroughBothQueues) {
  engine_.serve = [](FakeGuest& guest) {
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
  };
  start();
  std::string body;
  for (int i = 0; body.size() < 600'000; ++i) body += fmt::format("{:08}", i);
  const io::UniqueFd client = connect();
  say(client,
      fmt::format("POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()));
  std::string heard;
  std::string_view rest = body;
  for (int turn = 0; turn < 200'000 && !heard.ends_with("0\r\n\r\n"); ++turn) {
    if (!rest.empty()) {
      rest.remove_prefix(io::send(client.get(), std::span(rest)).bytes);
    }
    turns(1);
    std::array<char, 16'384> buffer;
    const io::Transfer got = io::receive(client.get(), buffer);
    heard.append(buffer.data(), got.bytes);
  }
  std::string decoded;
  for (std::size_t at = heard.find("\r\n\r\n") + 4; at < heard.size();) {
    const std::size_t size = std::stoul(heard.substr(at), nullptr, 16);
    at = heard.find("\r\n", at) + 2;
    decoded += heard.substr(at, size);
    at += size + 2;
  }
  EXPECT_TRUE(decoded == body) << decoded.size();
}

TEST_F(CoreTest, ABodyThatIsTakenWhileTheGuestAnswersIsReadToItsEnd) {
  std::uint64_t read = 0;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    std::string_view bytes;
    while (true) {
      switch (guest.host.read_body(1U << 20U, &bytes)) {
        case cage::BodyRead::Bytes:
          read += bytes.size();
          guest.host.write_body("x");
          continue;
        case cage::BodyRead::Pending:
          return guest.pending();
        case cage::BodyRead::End:
          guest.host.write_body("end");
          guest.host.finish_body({});
          return guest.idle();
        case cage::BodyRead::Failed:
          return guest.fault(GuestFault::Trap, "the body failed");
      }
    }
  };
  start();
  const io::UniqueFd client = connect();
  // All of it is in the kernel before the server looks: no later event helps it to go on.
  const std::string request = "POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" +
                              std::string(300'000, 'b');
  for (std::string_view rest = request; !rest.empty();) {
    const io::Transfer sent = io::send(client.get(), std::span(rest));
    if (sent.status != io::Transfer::Status::Done) turns(1);
    rest.remove_prefix(sent.bytes);
  }
  const std::string heard = hear_body(client, "0\r\n\r\n");
  EXPECT_TRUE(heard.contains("end")) << heard.size();
  EXPECT_EQ(read, 300'000U);
}

TEST_F(CoreTest, AClientThatReadsNothingStopsItsGuest) {
  std::uint64_t written = 0;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    while (guest.host.body_window() >= 1'000) {
      guest.host.write_body(std::string(1'000, 'x'));
      written += 1'000;
      if (written > 100'000'000) break;
    }
    return guest.pending();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(2'000);
  const std::uint64_t before = written;
  turns(2'000);
  EXPECT_EQ(written, before);
  EXPECT_LT(written, 32'000'000U);  // What the kernel's buffers of both ends take, and ours.
}

TEST_F(CoreTest, AClientThatGoesAwayEndsItsGuestWithoutAFault) {
  engine_.serve = [](FakeGuest& guest) {
    return guest.host.body_window() == cage::GuestHost::kClientGone ? guest.idle()
                                                                    : guest.pending();
  };
  start();
  io::UniqueFd client = connect();
  say(client, kGet);
  turns(5);
  EXPECT_EQ(engine_.alive, 1);
  io::reset_on_close(client.get());
  client.reset();
  turns(20);
  EXPECT_TRUE(take_events<CageFaulted>().empty());
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 0U);
}

TEST_F(CoreTest, RequestsBeyondTheCagesPlacesWaitAndAreServedInTurn) {
  site_.limits.max_concurrent_requests = 1;
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd first = connect();
  const io::UniqueFd second = connect();
  say(first, kGet);
  say(second, kGet);
  turns(10);
  EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 1U);
  go = true;
  EXPECT_TRUE(hear_body(first, "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(hear_body(second, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, AQueueThatIsFullAnswers503AtOnce) {
  site_.limits.max_concurrent_requests = 1;
  site_.limits.queue_max = 1;
  site_.limits.cpu = std::chrono::hours(1);
  engine_.serve = [](FakeGuest& guest) { return guest.pending(); };
  start();
  const io::UniqueFd runs = connect();
  const io::UniqueFd waits = connect();
  say(runs, kGet);
  say(waits, kGet);
  const std::string heard = ask(kGet, "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503 ")) << heard;
  EXPECT_TRUE(heard.contains("retry-after: 1\r\n")) << heard;
  EXPECT_EQ(counters().queue_full.value(), 1U);
}

TEST_F(CoreTest, ARequestForWhichTheAccountHasNoRoomTakesTurnsInsteadOfFailing) {
  site_.limits.memory = 10_MiB;
  engine_.memory_of_instance = 8U << 20U;
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd first = connect();
  const io::UniqueFd second = connect();
  say(first, kGet);
  say(second, kGet);
  turns(10);
  EXPECT_EQ(engine_.alive, 1);
  go = true;
  EXPECT_TRUE(hear_body(first, "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(hear_body(second, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, WithIsolationCageOneInstanceServesMany) {
  site_.run.isolation = config::Isolation::Cage;
  start();
  for (int i = 0; i < 5; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 1);
}

TEST_F(CoreTest, WithIsolationRequestEachRequestGetsAFreshInstance) {
  site_.run.isolation = config::Isolation::Request;
  start();
  for (int i = 0; i < 5; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 5);
}

TEST_F(CoreTest, AnInstanceIsReplacedAfterItsLastRequest) {
  site_.run.isolation = config::Isolation::Cage;
  site_.run.max_requests_per_instance = 2;
  start();
  for (int i = 0; i < 4; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 2);
}

TEST_F(CoreTest, AnInstanceThatCannotBeMadeIsAFailedSpawn) {
  engine_.start = [](FakeGuest& guest) { return guest.fault(GuestFault::Start, "start trapped"); };
  start();
  const auto failures = take_events<SpawnFailed>();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].reason, "start trapped");
  EXPECT_EQ(state_of(0), CageState::Crashed);

  engine_.start = nullptr;
  send(SpawnCage{.cage = CageId{1}, .site = SiteId{0}, .recover_credits = 1});
  turns(3);
  EXPECT_EQ(state_of(0), CageState::Running);
}

TEST_F(CoreTest, ATerminatedCageFinishesItsRequestsAndIsGone) {
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(2);
  send(TerminateCage{.cage = CageId{1}, .deadline = io::now() + std::chrono::hours(1)});
  turns(2);
  EXPECT_EQ(state_of(0), CageState::Terminating);
  EXPECT_TRUE(take_events<CageEnded>().empty());
  go = true;
  EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 "));
  turns(2);
  EXPECT_EQ(take_events<CageEnded>().size(), 1U);
  EXPECT_EQ(state_of(0), CageState::Terminated);
}

TEST_F(CoreTest, ACheckOfALivingCageIsAnswered) {
  start();
  send(CheckCage{.cage = CageId{1}, .nonce = 7});
  turns(2);
  const auto answers = take_events<CageAlive>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].nonce, 7U);
  EXPECT_TRUE(answers[0].healthy);
}

TEST_F(CoreTest, AHealthPathIsRunThroughTheGuest) {
  site_.heal.path = "/health";
  std::string asked;
  engine_.serve = [&](FakeGuest& guest) {
    asked = guest.request.path_with_query;
    static_cast<void>(guest.host.respond(500, {}));
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  send(CheckCage{.cage = CageId{1}, .nonce = 1});
  turns(5);
  const auto answers = take_events<CageAlive>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_FALSE(answers[0].healthy);
  EXPECT_EQ(asked, "/health");
}

TEST_F(CoreTest, ADrainClosesIdleConnectionsAndFinishesTheOthers) {
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd idle = connect();
  const io::UniqueFd busy = connect();
  say(busy, kGet);
  turns(2);
  send(DrainCore{.deadline = io::now() + std::chrono::hours(1)});
  EXPECT_EQ(hear(idle, [](const auto&) { return false; }), "<end>");
  EXPECT_TRUE(take_events<CoreDrained>().empty());
  go = true;
  const std::string heard = hear(busy, [](const auto&) { return false; });
  EXPECT_TRUE(heard.contains("connection: close\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("hello<end>")) << heard;
  turns(2);
  EXPECT_EQ(take_events<CoreDrained>().size(), 1U);
}

}  // namespace
}  // namespace pear::data
