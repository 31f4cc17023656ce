#include "load/process_usage.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

TEST(ProcessUsage, AddsUserAndSystemTimeOfTheProcessAndItsEndedChildren) {
  const auto stat =
      parse_process_stat("7 (pear) S 5 7 7 0 -1 4194560 100 0 0 0 11 22 33 44 20 0 1 0 5 6 7");

  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->ticks, 11U + 22U + 33U + 44U);
  EXPECT_EQ(stat->parent, 5);
}

TEST(ProcessUsage, IsNotMisledByAProgramNameThatLooksLikeFields) {
  const auto stat =
      parse_process_stat("7 (a) S 9 9) S 1 7 7 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 5 6");

  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->ticks, 10U);
  EXPECT_EQ(stat->parent, 1);
}

TEST(ProcessUsage, RefusesALineThatEndsTooEarlyOrHasNoNumbers) {
  EXPECT_FALSE(parse_process_stat("").has_value());
  EXPECT_FALSE(parse_process_stat("7 (pear) S 1 7 7 0 -1 4194560 100 0 0 0 11 22 33").has_value());
  EXPECT_FALSE(parse_process_stat("7 (pear) S 1 7 7 0 -1 4194560 100 0 0 0 11 22 x 44 20 0 1 0 5")
                   .has_value());
}

TEST(ProcessUsage, SeesTheMemoryOfThisVeryProcess) {
  const auto usage = read_process_usage(::getpid());

  ASSERT_TRUE(usage.has_value());
  EXPECT_GE(usage->processes, 1U);
  EXPECT_GT(usage->resident.count, 1'000'000U);
}

TEST(ProcessUsage, ReportsAProcessThatDoesNotExist) {
  const auto usage = read_process_usage(0x7fff'fff0);

  ASSERT_FALSE(usage.has_value());
  EXPECT_EQ(usage.error().kind, ErrorKind::NotFound);
}

}  // namespace
}  // namespace pear::load
