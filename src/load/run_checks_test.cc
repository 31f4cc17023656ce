// What run_load() refuses, checks and replays.
#include <gtest/gtest.h>

#include "io/clock.h"
#include "load/run.h"
#include "load/run_fixture.h"

namespace pear::load {
namespace {

TEST(Run, RefusesATargetOnAnotherMachineUnlessItIsAllowed) {
  const auto leads = [](const char* host, Reach reach) {
    return resolve({.host = host, .port = 80}, reach).has_value();
  };

  EXPECT_FALSE(leads("192.0.2.1", Reach::LoopbackOnly));
  EXPECT_TRUE(leads("192.0.2.1", Reach::AnyAddress));
  EXPECT_TRUE(leads("::1", Reach::LoopbackOnly));
  EXPECT_TRUE(leads("localhost", Reach::LoopbackOnly));
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
  class Watcher final : public RunWatcher {
   public:
    void on_round(std::uint32_t, const TargetToMeasure& target) override { order += target.url; }
    void on_all_open(std::uint64_t) override {}
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
