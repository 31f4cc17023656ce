#include "control/supervisor/restart_policy.h"

#include <gtest/gtest.h>

namespace pear::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{std::chrono::hours(1)};

TEST(RestartPolicy, DoublesTheDelayWithEachSpawnThatFails) {
  RestartPolicy policy({});

  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(RetryAt{kStart + seconds(1)}));
  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(RetryAt{kStart + seconds(2)}));
  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(RetryAt{kStart + seconds(4)}));
  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(RetryAt{kStart + seconds(8)}));
}

TEST(RestartPolicy, GivesUpWithTheLastAttemptAndNotBefore) {
  RestartPolicy policy({.attempts = 2});

  EXPECT_TRUE(std::holds_alternative<RetryAt>(policy.on_spawn_failed(kStart)));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(policy.on_spawn_failed(kStart)));
  EXPECT_EQ(policy.failures(), 2U);
}

TEST(RestartPolicy, NeverWaitsLongerThanTheLongestBackoffHoweverManyAttempts) {
  RestartPolicy policy({.attempts = 1'000});
  Decision decision;

  for (int i = 0; i < 998; ++i) decision = policy.on_spawn_failed(kStart);

  EXPECT_EQ(decision, Decision(RetryAt{kStart + seconds(60)}));
}

TEST(RestartPolicy, BeginsAnewAfterASpawnThatSucceeds) {
  RestartPolicy policy({});
  static_cast<void>(policy.on_spawn_failed(kStart));
  static_cast<void>(policy.on_spawn_failed(kStart));

  policy.on_spawn_succeeded();

  EXPECT_EQ(policy.failures(), 0U);
  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(RetryAt{kStart + seconds(1)}));
}

TEST(RestartPolicy, GivesAProbeOneAttempt) {
  RestartPolicy policy({});

  policy.begin_probe();

  EXPECT_EQ(policy.on_spawn_failed(kStart), Decision(GiveUp{}));
}

TEST(RestartPolicyDeathTest, RefusesOptionsThatCannotWork) {
  EXPECT_DEATH(RestartPolicy({.attempts = 0}), "before the first attempt");
  EXPECT_DEATH(RestartPolicy({.backoff_min = milliseconds(0)}), "tight loop");
}

}  // namespace
}  // namespace pear::supervisor
