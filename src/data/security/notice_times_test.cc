#include "data/security/notice_times.h"

#include <vector>

#include <gtest/gtest.h>

namespace pear::security {
namespace {

constexpr MonotonicTime kStart{std::chrono::hours(1)};

TEST(NoticeTimes, LetsOneOfEachKindThroughInASecond) {
  NoticeTimes times;
  EXPECT_EQ(times.may_say(0, kStart), 0U);
  EXPECT_FALSE(times.may_say(0, kStart));
  EXPECT_EQ(times.may_say(1, kStart), 0U);

  EXPECT_FALSE(times.may_say(0, kStart + std::chrono::nanoseconds(999'999'999)));
  EXPECT_EQ(times.may_say(0, kStart + std::chrono::seconds(1)), 2U) << "those that were left out";
  EXPECT_EQ(times.may_say(0, kStart + std::chrono::seconds(2)), 0U);
}

}  // namespace
}  // namespace pear::security
