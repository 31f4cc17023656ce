#include "keeper/restart_schedule.h"

#include <chrono>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr RestartSchedule::Options kOptions{
    .delay_min = milliseconds(100), .delay_max = milliseconds(1'000), .stable_after = seconds(10)};

TEST(RestartSchedule, AnswersTheFirstDeathAtOnce) {
  RestartSchedule schedule(kOptions);

  EXPECT_EQ(schedule.on_exit(seconds(1)), milliseconds(0));
  EXPECT_EQ(schedule.attempt(), 1U);
}

TEST(RestartSchedule, DoublesTheDelayFromTheSecondDeathOnUpToItsMaximum) {
  RestartSchedule schedule(kOptions);
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(0));

  for (const int expected : {100, 200, 400, 800, 1'000, 1'000}) {
    EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(expected));
  }
  EXPECT_EQ(schedule.attempt(), 7U);
}

TEST(RestartSchedule, StartsAnewAfterAServerThatLivedLongEnough) {
  RestartSchedule schedule(kOptions);
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(0));
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(100));

  EXPECT_EQ(schedule.on_exit(seconds(10)), milliseconds(0));
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(100));
}

TEST(RestartSchedule, KeepsCountingWhenTheServerDiedANanosecondTooEarly) {
  RestartSchedule schedule(kOptions);
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(0));

  EXPECT_EQ(schedule.on_exit(seconds(10) - nanoseconds(1)), milliseconds(100));
}

TEST(RestartSchedule, NeverWaitsLongerThanItsMaximumEvenWhenTheMinimumIsLarger) {
  RestartSchedule schedule({.delay_min = seconds(5), .delay_max = seconds(1)});
  EXPECT_EQ(schedule.on_exit(seconds(0)), milliseconds(0));

  EXPECT_EQ(schedule.on_exit(seconds(0)), seconds(1));
}

}  // namespace
}  // namespace pear::keeper
