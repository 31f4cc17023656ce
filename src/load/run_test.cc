#include "load/run.h"

#include <gtest/gtest.h>

#include "io/clock.h"
#include "load/run_fixture.h"

namespace pear::load {
namespace {

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

// A request may meet a connection just as it is closed: each is counted all the same, once.
TEST(Run, TakesNoConnectionThatWasClosedWhileItWasIdle) {
  FakeResponse response = text_response(200, "x");
  response.then = FakeResponse::Then::Close;
  FakeServer server(always(response));
  Plan plan = plan_for(server);
  plan.rate_per_s = 10'000;
  plan.connections = 16;
  plan.bound.requests = 2'000;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered + outcome->failed(), 2'000U);
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

}  // namespace
}  // namespace pear::load
