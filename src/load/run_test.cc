#include "load/run.h"

#include <gtest/gtest.h>

#include "io/clock.h"
#include "load/fake_server.h"

namespace pear::load {
namespace {

using std::chrono::milliseconds;

Plan plan_for(const FakeServer& server) {
  Plan plan;
  plan.target = *parse_target(server.url());
  plan.connections = 4;
  plan.bound = {.duration = milliseconds(20'000), .requests = 100};
  return plan;
}

std::uint64_t count_of(const Outcome& outcome, Failure failure) {
  return outcome.failures[static_cast<std::size_t>(failure)];
}

FakeServer::Respond always(const FakeResponse& response) {
  return [response](std::string_view, std::uint64_t) { return response; };
}

TEST(Run, SendsExactlyTheRequestsAskedForOverTheConnectionsAskedFor) {
  FakeServer server(always(text_response(200, "hello")));

  const auto outcome = run_load(plan_for(server), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_EQ(outcome->answered_in_time, 100U);
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->statuses[2], 100U);
  EXPECT_EQ(outcome->body_bytes, 500U);
  EXPECT_EQ(outcome->connections_opened, 4U);
  EXPECT_EQ(outcome->latency.count(), 100U);
  EXPECT_EQ(server.requests(), 100U);
  EXPECT_EQ(server.connections(), 4U);
}

TEST(Run, SharesRequestsAndConnectionsAmongItsThreads) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.threads = 3;
  plan.connections = 5;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_EQ(server.requests(), 100U);
  EXPECT_EQ(outcome->connections_opened, 5U);
}

TEST(Run, EndsWithItsDuration) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.bound = {.duration = milliseconds(50), .requests = std::nullopt};

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_GT(outcome->answered, 0U);
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->elapsed, milliseconds(50));
}

TEST(Run, DoesNotCountTheWarmUp) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.warm_up = milliseconds(30);

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_GT(server.requests(), 100U);
}

TEST(Run, OpensAConnectionForEachRequestWhenItIsTold) {
  FakeServer server(always(text_response(200, "x")));
  Plan plan = plan_for(server);
  plan.connection_use = ConnectionUse::NewForEach;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_EQ(outcome->connections_opened, 100U);
}

TEST(Run, GoesOnWithANewConnectionWhereTheServerCloses) {
  FakeServer server(always(
      {.bytes = "HTTP/1.1 200 OK\r\n\r\nbody until close", .then = FakeResponse::Then::Close}));

  const auto outcome = run_load(plan_for(server), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_EQ(outcome->connections_opened, 100U);
}

TEST(Run, SendsAndReadsBodiesThatFillSocketBuffers) {
  const std::string large(8'000'000, 'b');
  FakeServer server(always(text_response(200, large)));
  Plan plan = plan_for(server);
  plan.method = "POST";
  plan.body = large;
  plan.bound.requests = 3;
  plan.connections = 1;
  plan.timeout = milliseconds(60'000);

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 3U);
  EXPECT_EQ(outcome->body_bytes, 24'000'000U);
  EXPECT_GT(outcome->bytes_sent, 24'000'000U);
}

TEST(Run, CountsEachWayToFailUnderItsOwnName) {
  FakeServer server([](std::string_view, std::uint64_t number) -> FakeResponse {
    using Then = FakeResponse::Then;
    switch (number % 4) {
      case 0:
        return {.bytes = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut", .then = Then::Close};
      case 1:
        return {.bytes = "no HTTP at all\r\n\r\n"};
      case 2:
        return text_response(404, "");
      default:
        return text_response(200, "");
    }
  });

  const auto outcome = run_load(plan_for(server), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::Reset), 25U);
  EXPECT_EQ(count_of(*outcome, Failure::BadAnswer), 25U);
  EXPECT_EQ(count_of(*outcome, Failure::WrongStatus), 25U);
  EXPECT_EQ(outcome->answered, 50U);
  EXPECT_EQ(outcome->mismatches.size(), Outcome::kMismatchesKept);
}

TEST(Run, CountsAResetAsALostConnection) {
  FakeServer server(always({.bytes = "HTTP/1.1 2", .then = FakeResponse::Then::Reset}));

  const auto outcome = run_load(plan_for(server), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::Reset), 100U);
  EXPECT_EQ(outcome->answered, 0U);
}

TEST(Run, GivesUpARequestAfterItsTimeoutAndChargesTheWait) {
  FakeServer server(always({.bytes = "", .then = FakeResponse::Then::SayNothing}));
  Plan plan = plan_for(server);
  plan.timeout = milliseconds(30);
  plan.bound.requests = 4;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::TimedOut), 4U);
  EXPECT_EQ(outcome->latency.count(), 4U);
  EXPECT_GE(outcome->latency.percentile(1), milliseconds(29));
}

TEST(Run, CountsRefusedConnectionsWithoutFloodingTheServer) {
  std::uint16_t port = 0;
  {
    const FakeServer gone(always(text_response(200, "")));
    port = gone.port();
  }
  Plan plan;
  plan.target = *parse_target("http://127.0.0.1:" + std::to_string(port) + "/");
  plan.connections = 1;
  plan.bound.duration = milliseconds(100);

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 0U);
  EXPECT_GE(count_of(*outcome, Failure::Refused), 1U);
  EXPECT_LE(count_of(*outcome, Failure::Refused), 11U);
}

TEST(Run, SendsInAnOpenLoopWhatIsDueAndNothingMore) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.rate_per_s = 1000;
  plan.bound = {.duration = milliseconds(200), .requests = std::nullopt};

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered + outcome->failed(), 200U);
  EXPECT_EQ(server.requests(), outcome->answered);
}

TEST(Run, SharesAnOpenLoopAmongItsThreads) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.threads = 3;
  plan.rate_per_s = 1000;
  plan.bound = {.duration = milliseconds(20'000), .requests = 100};

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_LT(outcome->elapsed, milliseconds(20'000));
}

// One answer of fifty takes 300 ms. A closed loop sees one slow answer; the requests that were due
// meanwhile it did not send. The open loop charges each of them with its wait.
FakeServer::Respond stalls_once() {
  return [](std::string_view, std::uint64_t number) {
    FakeResponse response = text_response(200, "");
    if (number == 10) response.delay = milliseconds(300);
    return response;
  };
}

TEST(Run, ChargesAStallToEveryRequestThatWasDueMeanwhile) {
  FakeServer server(stalls_once());
  Plan plan = plan_for(server);
  plan.connections = 1;
  plan.rate_per_s = 100;
  plan.bound.requests = 50;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 50U);
  // 30 of the 50 were due during the stall: the request of 80 % waited about 100 ms or more.
  EXPECT_GE(outcome->latency.percentile(80), milliseconds(80));
  EXPECT_GE(outcome->late_starts, 20U);
  EXPECT_GE(outcome->late_max, milliseconds(250));
}

TEST(Run, OpensMoreConnectionsWhereTheOpenLoopWouldWait) {
  FakeServer server(stalls_once());
  Plan plan = plan_for(server);
  plan.connections = 8;
  plan.rate_per_s = 100;
  plan.bound.requests = 50;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 50U);
  EXPECT_GE(outcome->connections_opened, 2U);
  EXPECT_LE(outcome->connections_opened, 8U);
}

TEST(Run, CountsWhatFoundNoConnectionInTimeAsNeverSent) {
  FakeServer server(always({.bytes = "", .then = FakeResponse::Then::SayNothing}));
  Plan plan = plan_for(server);
  plan.connections = 1;
  plan.rate_per_s = 1000;
  plan.timeout = milliseconds(50);
  plan.bound.requests = 20;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->failed(), 20U);
  EXPECT_GE(count_of(*outcome, Failure::NeverSent), 1U);
  EXPECT_EQ(outcome->latency.count(), 20U);
  EXPECT_GE(outcome->latency.percentile(1), milliseconds(49));
}

TEST(Run, KeepsATimelineWhoseSecondsSumUpToTheWhole) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.timeline = true;
  plan.rate_per_s = 100;
  plan.bound = {.duration = milliseconds(1'100), .requests = std::nullopt};

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  ASSERT_GE(outcome->timeline.size(), 2U);
  std::uint64_t answered = 0;
  std::uint64_t measured = 0;
  for (const Second& second : outcome->timeline) {
    answered += second.answered;
    measured += second.latency.count();
  }
  EXPECT_EQ(answered, outcome->answered);
  EXPECT_EQ(measured, outcome->answered);
}

TEST(Run, RefusesATargetOnAnotherMachineUnlessItIsAllowed) {
  const Target remote = *parse_target("http://192.0.2.1/");

  EXPECT_FALSE(resolve(remote, Reach::LoopbackOnly).has_value());
  EXPECT_TRUE(resolve(remote, Reach::AnyAddress).has_value());
  EXPECT_TRUE(resolve(*parse_target("http://[::1]/"), Reach::LoopbackOnly).has_value());
  EXPECT_TRUE(resolve(*parse_target("http://localhost/"), Reach::LoopbackOnly).has_value());
}

TEST(Run, RefusesToCheckBodiesWithoutADigest) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.expect.body = Sha256{};

  EXPECT_FALSE(run_load(plan, nullptr).has_value());
}

// Not SHA-256: what matters here is that the pieces of each body, and nothing else, come to it.
class SumDigest final : public BodyDigest {
 public:
  void restart() override { sum_ = {}; }
  void add(std::string_view piece) override {
    for (const char c : piece) sum_[0] = static_cast<std::uint8_t>(sum_[0] + c);
  }
  Sha256 finish() override { return sum_; }

 private:
  Sha256 sum_{};
};

std::unique_ptr<BodyDigest> make_sum_digest() {
  return std::make_unique<SumDigest>();
}

TEST(Run, ComparesEachBodyWithTheDigestThatIsExpected) {
  FakeServer server([](std::string_view, std::uint64_t number) {
    return text_response(200, number % 2 == 0 ? "\x03\x04" : "\x03\x05");
  });
  Plan plan = plan_for(server);
  plan.expect.body = Sha256{7};

  const auto outcome = run_load(plan, &make_sum_digest);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 100U);
  EXPECT_EQ(count_of(*outcome, Failure::WrongBody), 50U);
  EXPECT_EQ(outcome->mismatches.front().body, Sha256{8});
}

TEST(Run, ReplaysEachLineOfALogOnceAndNamesTheLineThatWasNotAnsweredAsExpected) {
  FakeServer server([](std::string_view head, std::uint64_t) {
    return text_response(head.starts_with("GET /missing ") ? 404 : 200, "");
  });
  Plan plan = plan_for(server);
  plan.bound.requests.reset();
  for (std::uint64_t line = 1; line <= 50; ++line) {
    plan.replay.push_back({.line = line, .method = "GET", .target = "/there"});
  }
  plan.replay[20].target = "/missing";
  plan.replay[30].target = "/missing";
  plan.replay[30].expect.status = 404;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(server.requests(), 50U);
  EXPECT_EQ(outcome->answered, 50U);
  ASSERT_EQ(outcome->mismatches.size(), 1U);
  EXPECT_EQ(outcome->mismatches[0].index, 21U);
}

TEST(Run, ReplaysALogAtItsOwnTimesScaled) {
  FakeServer server(always(text_response(200, "")));
  Plan plan = plan_for(server);
  plan.bound.requests.reset();
  for (int second = 0; second < 3; ++second) {
    plan.replay.push_back({.logged_at = std::chrono::sys_seconds(std::chrono::seconds(second)),
                           .method = "GET",
                           .target = "/"});
  }
  plan.replay_speed = 20;

  const MonotonicTime begin = io::now();
  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 3U);
  EXPECT_GE(io::now() - begin, milliseconds(100));
}

TEST(Rounds, MeasureEveryTargetInEveryRoundInTurns) {
  FakeServer a(always(text_response(200, "a")));
  FakeServer b(always(text_response(200, "bb")));
  class Watcher final : public RoundWatcher {
   public:
    void on_round(std::uint32_t, const TargetToMeasure& target) override { order += target.url; }
    std::string order;
  } watcher;
  const std::vector<TargetToMeasure> targets{{.url = "A", .plan = plan_for(a)},
                                             {.url = "B", .plan = plan_for(b)}};

  const auto report = run_rounds(targets, 3, nullptr, &watcher);

  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(watcher.order, "ABBAAB");
  EXPECT_EQ(report->targets[0].rounds.size(), 3U);
  EXPECT_EQ(report->targets[1].rounds.size(), 3U);
  EXPECT_EQ(report->targets[1].rounds[2].outcome.body_bytes, 200U);
  EXPECT_TRUE(is_clean(*report));
}

}  // namespace
}  // namespace pear::load
