#include "http/http2/flood_guard.h"

#include <chrono>
#include <utility>

#include <gtest/gtest.h>

namespace pear::http2 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr MonotonicTime kStart{hours(1)};

TEST(FloodGuard, AllowsABurstAtOnceAndNotOneMore) {
  FloodGuard guard{FloodLimits{}};
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(guard.count(Offence::Resets, kStart));
  EXPECT_FALSE(guard.count(Offence::Resets, kStart));
}

TEST(FloodGuard, GivesATokenBackExactlyWhenItsTimeHasPassed) {
  FloodLimits limits;
  limits.settings = {.burst = 1, .per_second = 5};
  FloodGuard guard(limits);
  ASSERT_TRUE(guard.count(Offence::Settings, kStart));
  EXPECT_FALSE(guard.count(Offence::Settings, kStart + milliseconds(200) - nanoseconds(1)));
  EXPECT_TRUE(guard.count(Offence::Settings, kStart + milliseconds(200)));
  EXPECT_FALSE(guard.count(Offence::Settings, kStart + milliseconds(399)));
  EXPECT_TRUE(guard.count(Offence::Settings, kStart + milliseconds(400)));
}

TEST(FloodGuard, LosesNoFractionWhenItIsAskedOften) {
  FloodLimits limits;
  limits.pings = {.burst = 1, .per_second = 50};
  FloodGuard guard(limits);
  int allowed = 0;
  for (int us = 0; us <= 1'000'000; us += 100) {
    if (guard.count(Offence::Pings, kStart + std::chrono::microseconds(us))) ++allowed;
  }
  EXPECT_EQ(allowed, 51);
}

TEST(FloodGuard, NeverHoldsMoreThanABurst) {
  FloodGuard guard{FloodLimits{}};
  ASSERT_TRUE(guard.count(Offence::EmptyData, kStart));
  const MonotonicTime next_year = kStart + hours(24 * 365);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(guard.count(Offence::EmptyData, next_year));
  EXPECT_FALSE(guard.count(Offence::EmptyData, next_year));
}

TEST(FloodGuard, CountsEachKindByItself) {
  FloodGuard guard{FloodLimits{}};
  while (guard.count(Offence::Pings, kStart)) {
  }
  EXPECT_TRUE(guard.count(Offence::Settings, kStart));
  EXPECT_TRUE(guard.count(Offence::LargeHeads, kStart));
}

TEST(FloodGuard, ATimeThatGoesBackGivesNothing) {
  FloodLimits limits;
  limits.resets = {.burst = 1, .per_second = 1};
  FloodGuard guard(limits);
  ASSERT_TRUE(guard.count(Offence::Resets, kStart));
  EXPECT_FALSE(guard.count(Offence::Resets, kStart - hours(1)));
}

TEST(FloodGuard, EveryOffenceHasAName) {
  for (int i = 0; i <= static_cast<int>(Offence::ProtocolError); ++i) {
    EXPECT_FALSE(to_text(static_cast<Offence>(i)).empty());
  }
}

}  // namespace
}  // namespace pear::http2
