#include "keeper/server_watch.h"

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using std::chrono::nanoseconds;

TEST(ServerWatch, ReadsTheStateBehindANameThatMayBeAnything) {
  EXPECT_EQ(state_in("12 (pear-core) R 1 12"), Watchdog::State::Runnable);
  EXPECT_EQ(state_in("12 (a) S (b) T 1 12"), Watchdog::State::Stopped);
  EXPECT_EQ(state_in("12 (x) t 1"), Watchdog::State::Traced);
  EXPECT_EQ(state_in("12 (x) D 1"), Watchdog::State::Uninterruptible);
  EXPECT_EQ(state_in("12 (x) S 1"), Watchdog::State::Sleeping);
  EXPECT_EQ(state_in("12 (x) Z 1"), Watchdog::State::Unknown);
  for (const std::string_view text : {"", ")", "12 (x)", "12 (x) "}) {
    EXPECT_EQ(state_in(text), Watchdog::State::Unknown) << text;
  }
}

TEST(ServerWatch, ReadsTheTimesOfAThread) {
  const auto times = run_times_in("124644 5684889 2\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->ran, nanoseconds(124'644));
  EXPECT_EQ(times->waited, nanoseconds(5'684'889));
  for (const std::string_view text : {"", "1", "1 2", "1 x 3", "-1 2 3", "1 -2 3"}) {
    EXPECT_FALSE(run_times_in(text)) << text;
  }
}

TEST(ServerWatch, WatchesNothingWithoutVitalsOrByWish) {
  ServerWatch blind(nullptr, std::chrono::milliseconds(1'000));
  blind.begin(1, 1);
  EXPECT_FALSE(blind.next_look());
  const Vitals vitals;
  ServerWatch unwished(&vitals, std::chrono::milliseconds(0));
  unwished.begin(1, 1);
  EXPECT_FALSE(unwished.next_look());
}

}  // namespace
}  // namespace pear::keeper
