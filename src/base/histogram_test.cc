#include "base/histogram.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

template <typename Scale>
void expect_gapless_buckets() {
  for (std::size_t i = 0; i < Scale::kBuckets; ++i) {
    const std::uint64_t low = Scale::lower_bound(i);
    ASSERT_EQ(Scale::bucket_of(low), i);
    ASSERT_EQ(Scale::bucket_of(Scale::lower_bound(i + 1) - 1), i);
    ASSERT_EQ(Scale::bucket_of(Scale::middle(i)), i);
  }
  EXPECT_EQ(Scale::bucket_of(Scale::kValueMax), Scale::kBuckets - 1);
  EXPECT_EQ(Scale::bucket_of(Scale::kValueMax + 1), Scale::kBuckets - 1);
  EXPECT_EQ(Scale::bucket_of(~std::uint64_t{0}), Scale::kBuckets - 1);
}

TEST(Histogram, HasBucketsWithoutGapsOrOverlaps) {
  expect_gapless_buckets<LogLinearScale<5, 5, 37>>();
  expect_gapless_buckets<LogLinearScale<10, 0, 40>>();
}

template <typename Kind>
double worst_relative_error() {
  double worst = 0;
  for (std::int64_t ns = 1'000; ns < 100'000'000'000; ns += 1 + ns / 1'400) {
    Kind histogram;
    const nanoseconds value(ns);
    histogram.record(value);
    histogram.record(seconds(101));  // So that the maximum does not hide the bucket.
    const nanoseconds reported = histogram.snapshot().percentile(50);
    const double error = std::abs(static_cast<double>((reported - value).count()));
    worst = std::max(worst, error / static_cast<double>(value.count()));
  }
  return worst;
}

TEST(Histogram, ReportsOneMicrosecondToAHundredSecondsWithinItsPrecision) {
  EXPECT_LE(worst_relative_error<Histogram>(), 0.016);
}

TEST(PreciseHistogram, KeepsThreeSignificantDigits) {
  using Scale = LogLinearScale<10, 0, 40>;
  double worst = 0;
  for (std::uint64_t value = 1'000; value < 100'000'000'000; value += 1 + value / 14'000) {
    const auto reported = static_cast<double>(Scale::middle(Scale::bucket_of(value)));
    worst = std::max(worst, std::abs(reported / static_cast<double>(value) - 1));
  }
  EXPECT_LE(worst, 0.0005);
}

TEST(Histogram, AgreesWithSortedValuesAboutEveryPercentile) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> distribution(12, 2);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<std::int64_t>(std::clamp(distribution(random), 1e3, 1e11));
    values.push_back(ns);
    histogram.record(nanoseconds(ns));
  }
  std::ranges::sort(values);
  const auto snapshot = histogram.snapshot();
  for (const double percent : {0.0, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20'000));
    const auto exact = static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
    const auto reported = static_cast<double>(snapshot.percentile(percent).count());
    EXPECT_NEAR(reported, exact, exact * 0.016) << percent;
  }
}

TEST(Histogram, CountsAndSumsAndRemembersTheLargestExactly) {
  Histogram histogram;
  histogram.record(microseconds(3));
  histogram.record(milliseconds(5));
  histogram.record(nanoseconds(-1));
  const auto snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count(), 3U);
  EXPECT_EQ(snapshot.sum(), microseconds(5003));
  EXPECT_EQ(snapshot.max(), milliseconds(5));
  EXPECT_EQ(snapshot.percentile(100), milliseconds(5));
  EXPECT_EQ(snapshot.mean(), nanoseconds(5'003'000 / 3));
}

TEST(Histogram, IsAllZeroWhenNothingWasRecorded) {
  const auto snapshot = Histogram().snapshot();
  EXPECT_EQ(snapshot.count(), 0U);
  EXPECT_EQ(snapshot.percentile(50), nanoseconds(0));
  EXPECT_EQ(snapshot.mean(), nanoseconds(0));
}

TEST(Histogram, KeepsAValueBeyondItsRangeInTheLastBucketAndItsSizeInTheMaximum) {
  Histogram histogram;
  histogram.record(std::chrono::hours(10));
  EXPECT_EQ(histogram.snapshot().count(), 1U);
  EXPECT_EQ(histogram.snapshot().percentile(100), std::chrono::hours(10));
}

TEST(Histogram, MergedSnapshotsAreWhatOneHistogramWouldHaveSeen) {
  Histogram even;
  Histogram odd;
  Histogram both;
  for (int i = 0; i < 1000; ++i) {
    (i % 2 == 0 ? even : odd).record(microseconds(i));
    both.record(microseconds(i));
  }
  auto merged = even.snapshot();
  merged.merge(odd.snapshot());
  Histogram::Snapshot added;
  even.add_to(added);
  odd.add_to(added);
  const auto whole = both.snapshot();
  for (const auto& sum : {merged, added}) {
    EXPECT_EQ(sum.count(), whole.count());
    EXPECT_EQ(sum.sum(), whole.sum());
    EXPECT_EQ(sum.max(), whole.max());
    EXPECT_EQ(sum.percentile(90), whole.percentile(90));
  }
}

TEST(Histogram, CountsTheValuesUpToALimit) {
  Histogram histogram;
  for (int ms = 1; ms <= 100; ++ms) histogram.record(milliseconds(ms));
  const auto snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count_at_most(nanoseconds(-1)), 0U);
  EXPECT_EQ(snapshot.count_at_most(microseconds(900)), 0U);
  EXPECT_NEAR(static_cast<double>(snapshot.count_at_most(milliseconds(50))), 50, 2);
  EXPECT_EQ(snapshot.count_at_most(seconds(1)), 100U);
}

TEST(Histogram, CanBeReadWhileItIsWritten) {
  Histogram histogram;
  std::thread writer([&] {
    for (int i = 0; i < 100'000; ++i) histogram.record(microseconds(i % 1000));
  });
  std::uint64_t seen = 0;
  bool grows = true;
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t count = histogram.snapshot().count();
    grows = grows && count >= seen;
    seen = count;
  }
  writer.join();
  EXPECT_TRUE(grows);
  EXPECT_EQ(histogram.snapshot().count(), 100'000U);
}

}  // namespace
}  // namespace pear::base
