#include "load/outcome.h"

#include <set>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Outcome outcome_with(milliseconds latency, std::uint64_t answered) {
  base::Histogram coarse;
  auto precise = std::make_unique<base::PreciseHistogram>();
  for (std::uint64_t i = 0; i < answered; ++i) {
    precise->record(latency);
    coarse.record(latency);
  }
  Outcome outcome;
  outcome.answered = answered;
  outcome.answered_in_time = answered;
  outcome.latency = precise->snapshot();
  outcome.elapsed = seconds(2);
  outcome.timeline.push_back({.answered = answered, .failed = 1, .latency = coarse.snapshot()});
  return outcome;
}

TEST(Outcome, SumsCountsAndJoinsLatenciesWhenItIsMerged) {
  Outcome total = outcome_with(milliseconds(1), 90);
  total.failures[static_cast<std::size_t>(Failure::Reset)] = 1;
  Outcome other = outcome_with(milliseconds(9), 10);
  other.failures[static_cast<std::size_t>(Failure::Reset)] = 2;
  other.late_max = milliseconds(7);

  total.merge(other);

  EXPECT_EQ(total.answered, 100U);
  EXPECT_EQ(total.failed(), 3U);
  EXPECT_EQ(total.latency.count(), 100U);
  EXPECT_NEAR(static_cast<double>(total.latency.percentile(50).count()), 1e6, 1e3);
  EXPECT_EQ(total.latency.max(), milliseconds(9));
  EXPECT_EQ(total.late_max, milliseconds(7));
}

TEST(Outcome, TakesTheLongestTimeOfItsPartsBecauseTheyRanTogether) {
  Outcome total = outcome_with(milliseconds(1), 100);

  total.merge(outcome_with(milliseconds(1), 100));

  EXPECT_EQ(total.elapsed, seconds(2));
  EXPECT_DOUBLE_EQ(total.rate_per_s(), 100);
}

TEST(Outcome, JoinsTimelinesOfDifferentLengthsSecondBySecond) {
  Outcome total = outcome_with(milliseconds(1), 1);
  Outcome longer = outcome_with(milliseconds(1), 2);
  longer.timeline.push_back({.answered = 5, .failed = 0, .latency = {}});

  total.merge(longer);

  ASSERT_EQ(total.timeline.size(), 2U);
  EXPECT_EQ(total.timeline[0].answered, 3U);
  EXPECT_EQ(total.timeline[0].failed, 2U);
  EXPECT_EQ(total.timeline[0].latency.count(), 3U);
  EXPECT_EQ(total.timeline[1].answered, 5U);
}

TEST(Outcome, KeepsTheFirstMismatchesOfTheRunWhateverTheOrderTheyCameIn) {
  Outcome outcome;
  for (std::uint64_t i = 30; i > 0; --i) {
    outcome.add_mismatch({.index = i, .failure = Failure::WrongStatus});
  }

  ASSERT_EQ(outcome.mismatches.size(), Outcome::kMismatchesKept);
  EXPECT_EQ(outcome.mismatches.front().index, 1U);
  EXPECT_EQ(outcome.mismatches.back().index, 10U);
}

TEST(Outcome, HasNoRateWhenNoTimePassed) {
  EXPECT_DOUBLE_EQ(Outcome{}.rate_per_s(), 0);
}

TEST(Failure, HasADistinctTextAndKeyForEveryKind) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFailures; ++i) {
    names.insert(to_text(static_cast<Failure>(i)));
    names.insert(to_key(static_cast<Failure>(i)));
  }

  EXPECT_EQ(names.size(), 2 * kFailures);
}

}  // namespace
}  // namespace pear::load
