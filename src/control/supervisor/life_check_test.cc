#include "control/supervisor/life_check.h"

#include <gtest/gtest.h>

namespace pear::supervisor {
namespace {

using std::chrono::milliseconds;
using Verdict = LifeCheck::Verdict;

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr milliseconds kPeriod{5'000};

TEST(LifeCheck, AsksOnceEachPeriod) {
  LifeCheck check;
  check.start(kPeriod, kStart);

  EXPECT_EQ(check.on_time(kStart + kPeriod - milliseconds(1)), Verdict::Nothing);
  EXPECT_EQ(check.on_time(kStart + kPeriod), Verdict::Ask);
  EXPECT_EQ(check.on_time(kStart + kPeriod), Verdict::Nothing);
}

TEST(LifeCheck, IsLostWhenNoAnswerCameByTheNextQuestion) {
  LifeCheck check;
  check.start(kPeriod, kStart);
  ASSERT_EQ(check.on_time(kStart + kPeriod), Verdict::Ask);

  EXPECT_EQ(check.on_time(kStart + 2 * kPeriod - milliseconds(1)), Verdict::Nothing);
  EXPECT_EQ(check.on_time(kStart + 2 * kPeriod), Verdict::Lost);
}

TEST(LifeCheck, IgnoresTheAnswerToAnOlderQuestion) {
  LifeCheck check;
  check.start(kPeriod, kStart);
  ASSERT_EQ(check.on_time(kStart + kPeriod), Verdict::Ask);
  check.on_answer(check.nonce(), true);
  ASSERT_EQ(check.on_time(kStart + 2 * kPeriod), Verdict::Ask);

  check.on_answer(check.nonce() - 1, true);

  EXPECT_TRUE(check.waiting());
  EXPECT_EQ(check.on_time(kStart + 3 * kPeriod), Verdict::Lost);
}

TEST(LifeCheck, IsUnhealthyAfterTwoBadAnswersInARow) {
  LifeCheck check;
  check.start(kPeriod, kStart);
  MonotonicTime now = kStart;
  const auto answer = [&](bool healthy) {
    now += kPeriod;
    ASSERT_EQ(check.on_time(now), Verdict::Ask);
    check.on_answer(check.nonce(), healthy);
  };

  answer(false);
  answer(true);
  answer(false);
  EXPECT_FALSE(check.unhealthy());
  answer(false);
  EXPECT_TRUE(check.unhealthy());
}

TEST(LifeCheck, AsksNothingWhenItIsOff) {
  LifeCheck check;
  check.start(milliseconds(0), kStart);

  EXPECT_EQ(check.on_time(kStart + std::chrono::hours(1)), Verdict::Nothing);
}

}  // namespace
}  // namespace pear::supervisor
