#include "data/security/token_bucket.h"

#include <limits>

#include <gtest/gtest.h>

namespace pear::security {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::uint64_t kNow = 5'000'000'000;
constexpr BucketRule kTenPerSecond =
    rule_of({.count = 10, .period = milliseconds(1'000), .burst = 3});

// How many of `wanted` are allowed at the same time.
int allowed(std::uint64_t* full_at, std::uint64_t now, int wanted, const BucketRule& rule) {
  int count = 0;
  for (int i = 0; i < wanted; ++i) {
    const BucketAnswer answer = take_token(*full_at, now, rule);
    if (!answer.allowed) continue;
    *full_at = answer.full_at_ns;
    ++count;
  }
  return count;
}

TEST(TokenBucket, AllowsItsBurstAtOnceAndThenRefuses) {
  std::uint64_t full_at = 0;

  EXPECT_EQ(allowed(&full_at, kNow, 10, kTenPerSecond), 3);
}

TEST(TokenBucket, GivesBackExactlyOneTokenAfterOneInterval) {
  std::uint64_t full_at = 0;
  ASSERT_EQ(allowed(&full_at, kNow, 3, kTenPerSecond), 3);

  EXPECT_EQ(allowed(&full_at, kNow + 99'999'999, 1, kTenPerSecond), 0);
  EXPECT_EQ(allowed(&full_at, kNow + 100'000'000, 2, kTenPerSecond), 1);
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurstHoweverLongItRests) {
  std::uint64_t full_at = 0;
  ASSERT_EQ(allowed(&full_at, kNow, 3, kTenPerSecond), 3);

  EXPECT_EQ(allowed(&full_at, kNow + 31'536'000'000'000'000, 10, kTenPerSecond), 3);
}

TEST(TokenBucket, SaysHowLongToWait) {
  std::uint64_t full_at = 0;
  ASSERT_EQ(allowed(&full_at, kNow, 3, kTenPerSecond), 3);

  EXPECT_EQ(take_token(full_at, kNow, kTenPerSecond).wait, nanoseconds(100'000'000));
  EXPECT_EQ(take_token(full_at, kNow + 60'000'000, kTenPerSecond).wait, nanoseconds(40'000'000));
}

TEST(TokenBucket, IsNeverEmptierThanEmptyWhenItsRuleChanges) {
  const BucketRule once_an_hour =
      rule_of({.count = 1, .period = milliseconds(3'600'000), .burst = 1});
  std::uint64_t full_at = 0;
  ASSERT_EQ(allowed(&full_at, kNow, 1, once_an_hour), 1);

  EXPECT_EQ(take_token(full_at, kNow, kTenPerSecond).wait, nanoseconds(100'000'000));
}

TEST(TokenBucket, DoesNotOverflowAtTheLargestRates) {
  const BucketRule deepest =
      rule_of({.count = 1, .period = milliseconds(3'600'000), .burst = config::Rate::kCountMax});
  const std::uint64_t now = 3'000'000'000'000'000'000;  // 95 years of uptime.
  std::uint64_t full_at = 0;

  EXPECT_EQ(allowed(&full_at, now, 5, deepest), 5);
  EXPECT_EQ(take_token(std::numeric_limits<std::uint64_t>::max(), now, deepest).allowed, false);
}

// Two hours of a client that never stops.
TEST(TokenBucket, IsExactOverALongTime) {
  for (const std::uint32_t count : {1U, 3U, 7U, 100U, 999U, 65'537U, 1'000'000U}) {
    const BucketRule rule = rule_of({.count = count, .period = milliseconds(1'000), .burst = 5});
    std::uint64_t full_at = kNow;
    std::uint64_t now = kNow;
    std::uint64_t passed = 0;
    while (passed < 200'000) {
      const BucketAnswer answer = take_token(full_at, now, rule);
      if (answer.allowed) {
        full_at = answer.full_at_ns;
        ++passed;
      } else {
        now += static_cast<std::uint64_t>(answer.wait.count());
      }
    }
    const double per_second = static_cast<double>(passed) / (static_cast<double>(now - kNow) / 1e9);
    EXPECT_NEAR(per_second / count, 1.0, 0.001) << count;
  }
}

}  // namespace
}  // namespace pear::security
