// The load generator over HTTP/2 and HTTP/3: what holds for both, each against its own server.
#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "load/fake_http2_server.h"
#include "load/fake_http3_server.h"
#include "load/run_fixture.h"

namespace pear::load {
namespace {

using Kind = FakeDecision::Kind;

enum class Version : std::uint8_t { Plain2, Tls2, Quic3 };

class Multiplexed : public testing::TestWithParam<Version> {
 protected:
  void serve(FakeDecide decide) {
    if (GetParam() == Version::Quic3) {
      http3_ = std::make_unique<FakeHttp3Server>(std::move(decide), tls_);
    } else {
      http2_ = std::make_unique<FakeHttp2Server>(std::move(decide),
                                                 GetParam() == Version::Tls2 ? &tls_ : nullptr);
    }
  }
  void serve(const FakeDecision& decision = {}) {
    serve([decision](std::uint64_t) { return decision; });
  }
  [[nodiscard]] Plan plan() const {
    Plan plan;
    plan.target = *parse_target(http3_ ? http3_->url() : http2_->url());
    plan.http = http3_ ? HttpVersion::Http3 : HttpVersion::Http2;
    plan.tls.authorities = tls_.authority();
    plan.connections = 4;
    plan.streams = 8;
    plan.bound = {.duration = milliseconds(20'000), .requests = 200};
    return plan;
  }
  [[nodiscard]] const FakeCounts& counts() const {
    return http3_ ? http3_->counts() : http2_->counts();
  }

  FakeTls tls_;
  std::unique_ptr<FakeHttp2Server> http2_;
  std::unique_ptr<FakeHttp3Server> http3_;
};

INSTANTIATE_TEST_SUITE_P(Versions, Multiplexed,
                         testing::Values(Version::Plain2, Version::Tls2, Version::Quic3));

TEST_P(Multiplexed, SendsExactlyTheRequestsAskedForOverTheConnectionsAskedFor) {
  serve();

  const auto outcome = run_load(plan(), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 200U);
  EXPECT_EQ(outcome->failed(), 0U)
      << to_json({.plan = plan(), .targets = {{"", {{*outcome, {}}}}}});
  EXPECT_EQ(outcome->body_bytes, 1000U);
  EXPECT_EQ(outcome->connections_opened, 4U);
  EXPECT_EQ(counts().requests.load(), 200U);
  EXPECT_EQ(counts().connections.load(), 4U);
}

TEST_P(Multiplexed, SendsAndReadsBodiesThatFillEveryWindow) {
  const std::string large(3'000'000, 'b');
  serve({.body = large});
  Plan wanted = plan();
  wanted.method = "POST";
  wanted.body = std::string(500'000, 'a');
  wanted.bound.requests = 6;
  wanted.connections = 1;
  wanted.streams = 3;
  wanted.timeout = milliseconds(60'000);

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 6U);
  EXPECT_EQ(outcome->body_bytes, 18'000'000U);
  EXPECT_EQ(counts().body_bytes.load(), 3'000'000U);
}

TEST_P(Multiplexed, CountsARequestThatIsResetAloneAndGoesOnWithTheOthers) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number % 10 == 0 ? Kind::Reset : Kind::Answer};
  });

  const auto outcome = run_load(plan(), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::StreamReset), 20U);
  EXPECT_EQ(outcome->answered, 180U);
  EXPECT_EQ(outcome->connections_opened, 4U);
}

TEST_P(Multiplexed, SendsAgainWhatTheServerHasNotProcessed) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number % 10 == 0 ? Kind::Refuse : Kind::Answer};
  });

  const auto outcome = run_load(plan(), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 200U);
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_GE(outcome->sent_again, 20U);
}

TEST_P(Multiplexed, GivesUpWhatTheServerRefusesAgainAndAgain) {
  serve({.kind = Kind::Refuse});
  Plan wanted = plan();
  wanted.bound.requests = 5;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::Rejected), 5U);
  EXPECT_EQ(outcome->sent_again, 50U);
}

TEST_P(Multiplexed, FollowsAServerThatLeavesWithNewConnectionsAndLosesNothing) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number % 25 == 24 ? Kind::Leave : Kind::Answer};
  });

  const auto outcome = run_load(plan(), nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 200U);
  EXPECT_EQ(outcome->failed(), 0U);
  EXPECT_GT(outcome->connections_opened, 4U);
}

TEST_P(Multiplexed, CountsEveryRequestOfAConnectionThatEndsWithAnError) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number == 0 ? Kind::Abort : Kind::SayNothing};
  });
  Plan wanted = plan();
  wanted.connections = 1;
  wanted.bound.requests = 8;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::Aborted), 8U);
}

TEST_P(Multiplexed, TimesOutAlone) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number == 3 ? Kind::SayNothing : Kind::Answer};
  });
  Plan wanted = plan();
  wanted.timeout = milliseconds(300);
  wanted.connections = 1;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::TimedOut), 1U);
  EXPECT_EQ(outcome->answered, 199U);
  EXPECT_EQ(outcome->connections_opened, 1U);
}

TEST_P(Multiplexed, SendsInAnOpenLoopWhatIsDueOverAsFewConnectionsAsItTakes) {
  serve();
  Plan wanted = plan();
  wanted.rate_per_s = 1000;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 200U);
  EXPECT_LE(outcome->connections_opened, 4U);
}

// A server that says nothing to one request of eight: the others overtake it.
TEST_P(Multiplexed, ChargesAStallInAnOpenLoopToTheRequestThatItIsOf) {
  serve([](std::uint64_t number) {
    return FakeDecision{.kind = number == 10 ? Kind::SayNothing : Kind::Answer};
  });
  Plan wanted = plan();
  wanted.connections = 1;
  wanted.rate_per_s = 500;
  wanted.timeout = milliseconds(300);
  wanted.bound.requests = 100;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::TimedOut), 1U);
  EXPECT_EQ(outcome->answered, 99U);
  EXPECT_GE(outcome->latency.max(), milliseconds(299));
}

TEST_P(Multiplexed, WaitsInAnOpenLoopForRoomAndChargesTheWait) {
  serve({.kind = Kind::SayNothing});
  Plan wanted = plan();
  wanted.connections = 1;
  wanted.streams = 2;
  wanted.rate_per_s = 1000;
  wanted.timeout = milliseconds(50);
  wanted.bound.requests = 20;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->failed(), 20U);
  // Two went out at once; room for the others came when it was late for them, or too late.
  EXPECT_GE(outcome->late_starts + count_of(*outcome, Failure::NeverSent), 18U);
}

TEST_P(Multiplexed, OpensAConnectionForEachRequestWhenItIsTold) {
  serve();
  Plan wanted = plan();
  wanted.connection_use = ConnectionUse::NewForEach;
  wanted.streams.reset();
  wanted.bound.requests = 30;

  const auto outcome = run_load(wanted, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 30U);
  EXPECT_EQ(outcome->connections_opened, 30U);
  EXPECT_EQ(counts().connections.load(), 30U);
}

TEST_P(Multiplexed, HoldsItsConnectionsOpen) {
  serve();
  Plan wanted = plan();
  wanted.threads = 2;
  wanted.connections = 50;
  wanted.bound.requests.reset();
  wanted.hold = milliseconds(100);
  class Watcher final : public RunWatcher {
   public:
    void on_round(std::uint32_t, const TargetToMeasure&) override {}
    void on_all_open(std::uint64_t connections) override { open = connections; }
    std::atomic<std::uint64_t> open{0};
  } watcher;

  const auto outcome = run_load(wanted, nullptr, &watcher);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(watcher.open.load(), 50U);
  EXPECT_EQ(outcome->answered, 50U);
  EXPECT_EQ(outcome->held, 50U);
}

}  // namespace
}  // namespace pear::load
