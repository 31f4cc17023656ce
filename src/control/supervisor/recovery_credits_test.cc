#include "control/supervisor/recovery_credits.h"

#include <gtest/gtest.h>

namespace pear::supervisor {
namespace {

constexpr auto kMeasure = RecoveryCredits::kMeasure;

TEST(RecoveryCredits, GrantsAFullMeasureWithTheSpawn) {
  RecoveryCredits credits;

  EXPECT_EQ(credits.on_spawn(), kMeasure);
}

TEST(RecoveryCredits, GivesBackExactlyWhatWasUsed) {
  RecoveryCredits credits;
  static_cast<void>(credits.on_spawn());
  credits.on_started(Incarnation{1});

  EXPECT_EQ(credits.top_up(Incarnation{1}), 0U);
  EXPECT_EQ(credits.top_up(Incarnation{4}), 3U);
  EXPECT_EQ(credits.top_up(Incarnation{4}), 0U);
}

TEST(RecoveryCredits, NeverGrantsMoreThanTheMeasure) {
  RecoveryCredits credits;
  static_cast<void>(credits.on_spawn());
  credits.on_started(Incarnation{1});

  EXPECT_EQ(credits.top_up(Incarnation{1'000'000}), kMeasure);
}

TEST(RecoveryCredits, GrantsNothingBeforeTheCageRuns) {
  RecoveryCredits credits;
  static_cast<void>(credits.on_spawn());

  EXPECT_EQ(credits.top_up(Incarnation{50}), 0U);
}

TEST(RecoveryCredits, LastForEverWhenTheyAreUsedNoFasterThanTheyAreToppedUp) {
  RecoveryCredits credits;
  std::uint64_t left = credits.on_spawn();
  credits.on_started(Incarnation{1});
  std::uint64_t incarnation = 1;

  for (int period = 0; period < 10'000; ++period) {
    const std::uint64_t faults = static_cast<std::uint64_t>(period) % (kMeasure + 1);
    ASSERT_LE(faults, left);
    left -= faults;
    incarnation += faults;
    left += credits.top_up(Incarnation{incarnation});
    ASSERT_EQ(left, kMeasure);
  }
}

}  // namespace
}  // namespace pear::supervisor
