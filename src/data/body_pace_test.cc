#include "data/protocol/body_pace.h"

#include <gtest/gtest.h>

namespace pear::data::protocol {
namespace {

using std::chrono::seconds;

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr config::HttpLimits kLimits{};

TEST(BodyPace, GivesTimeBeforeItAsksForAnything) {
  BodyPace pace;
  pace.wait(kStart);
  EXPECT_EQ(pace.deadline(0, kLimits), kStart + seconds(10));
  EXPECT_EQ(pace.deadline(10 * 240, kLimits), kStart + seconds(10));
}

TEST(BodyPace, IsWhatCameOnAverage) {
  BodyPace pace;
  pace.wait(kStart);
  EXPECT_EQ(pace.deadline(20 * 240, kLimits), kStart + seconds(20));
  EXPECT_EQ(pace.deadline(20 * 240 + 120, kLimits), kStart + std::chrono::milliseconds(20'500));
}

TEST(BodyPace, MayBeAnyWhereTheSettingsSaySo) {
  config::HttpLimits limits;
  limits.body_rate_min = Bytes{0};
  BodyPace pace;
  pace.wait(kStart);
  EXPECT_GT(pace.deadline(0, limits), kStart + std::chrono::hours(24 * 300));
}

TEST(BodyPace, DoesNotCountTheTimeInWhichTheGuestIsSlow) {
  BodyPace pace;
  pace.wait(kStart);
  pace.rest(kStart + seconds(4));
  pace.rest(kStart + seconds(50));
  pace.wait(kStart + seconds(100));
  pace.wait(kStart + seconds(105));
  EXPECT_EQ(pace.deadline(0, kLimits), kStart + seconds(106));
}

TEST(BodyPace, IsNeverTooSlowWithMoreThanThereCanBe) {
  BodyPace pace;
  pace.wait(kStart);
  EXPECT_GT(pace.deadline(UINT64_MAX, kLimits), kStart + std::chrono::hours(1'000));
}

}  // namespace
}  // namespace pear::data::protocol
