#include "load/schedule.h"

#include <limits>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Schedule, SpacesRequestsEvenlyAtARate) {
  const auto schedule = Schedule::at_rate(1000);

  EXPECT_TRUE(schedule.is_open_loop());
  EXPECT_EQ(schedule.due(0), nanoseconds(0));
  EXPECT_EQ(schedule.due(1), milliseconds(1));
  EXPECT_EQ(schedule.due(2500), milliseconds(2500));
}

TEST(Schedule, DoesNotDriftOverADayAtARateThatDividesNoSecond) {
  const auto schedule = Schedule::at_rate(7);

  EXPECT_EQ(schedule.due(7ULL * 86'400), hours(24));
}

TEST(Schedule, CountsARequestThatIsDueAtTheEndAsAfterIt) {
  const auto schedule = Schedule::at_rate(10);

  EXPECT_EQ(schedule.due_before(seconds(1)), 10U);
  EXPECT_EQ(schedule.due_before(seconds(1) + nanoseconds(1)), 11U);
  EXPECT_EQ(schedule.due_before(nanoseconds(0)), 0U);
}

TEST(Schedule, FollowsAListOfTimes) {
  const auto schedule = Schedule::at_times({milliseconds(0), milliseconds(5), milliseconds(5)});

  EXPECT_EQ(schedule.due(2), milliseconds(5));
  EXPECT_EQ(schedule.due_before(milliseconds(5)), 1U);
  EXPECT_EQ(schedule.due_before(milliseconds(6)), 3U);
}

TEST(Schedule, HasNoTimesAndNoEndWhereSpeedIsWhatIsAskedFor) {
  const auto schedule = Schedule::as_fast_as_possible();

  EXPECT_FALSE(schedule.is_open_loop());
  EXPECT_EQ(schedule.due_before(seconds(1)), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace pear::load
