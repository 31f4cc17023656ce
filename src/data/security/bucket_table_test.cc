#include "data/security/bucket_table.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace pear::security {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr Keep kNormal = Keep::AsLongAsThereIsRoom;

constexpr BucketRule per_second(std::uint32_t count, std::uint32_t burst) {
  return rule_of({.count = count, .period = milliseconds(1'000), .burst = burst});
}
// A hash whose set is `set`, and that differs from others in the same set.
constexpr std::uint64_t hash_in(std::uint64_t set, std::uint64_t which) {
  return (set << 32U) | (which << 8U);
}

TEST(BucketTable, KeepsEachBucketByItself) {
  BucketTable table(1'024);
  const BucketRule two = per_second(2, 2);

  EXPECT_TRUE(table.take(hash_in(1, 1), two, kNormal, kStart).allowed);
  EXPECT_TRUE(table.take(hash_in(1, 1), two, kNormal, kStart).allowed);
  EXPECT_FALSE(table.take(hash_in(1, 1), two, kNormal, kStart).allowed);
  EXPECT_TRUE(table.take(hash_in(1, 2), two, kNormal, kStart).allowed);
  EXPECT_EQ(table.take(hash_in(1, 1), two, kNormal, kStart).wait, milliseconds(500));
}

TEST(BucketTable, HasAPowerOfTwoOfPlaces) {
  EXPECT_EQ(BucketTable(1).entries(), 8U);
  EXPECT_EQ(BucketTable(1'024).entries(), 1'024U);
  EXPECT_EQ(BucketTable(1'025).entries(), 2'048U);
}

TEST(BucketTable, UsesThePlaceOfABucketThatIsFullAgain) {
  BucketTable table(8);
  const BucketRule rule = per_second(10, 1);
  for (std::uint64_t i = 0; i < 8; ++i) {
    EXPECT_FALSE(table.take(hash_in(0, i), rule, kNormal, kStart).forgot);
  }
  const auto later = kStart + milliseconds(100);

  for (std::uint64_t i = 8; i < 16; ++i) {
    EXPECT_FALSE(table.take(hash_in(0, i), rule, kNormal, later).forgot) << i;
  }
  EXPECT_TRUE(table.take(hash_in(0, 16), rule, kNormal, later).forgot);
}

TEST(BucketTable, ForgetsTheOneThatIsFullSoonestAndNotTheOneAtItsLimit) {
  BucketTable table(8);
  const BucketRule rule = per_second(10, 5);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(table.take(hash_in(0, 0), rule, kNormal, kStart).allowed);
  }
  ASSERT_FALSE(table.take(hash_in(0, 0), rule, kNormal, kStart).allowed);

  // A crowd with new addresses all the time.
  for (std::uint64_t i = 1; i < 10'000; ++i) {
    EXPECT_TRUE(table.take(hash_in(0, i), rule, kNormal, kStart).allowed);
  }

  EXPECT_FALSE(table.take(hash_in(0, 0), rule, kNormal, kStart).allowed);
}

TEST(BucketTable, NeverForgetsWhatIsForEverybodyAsLongAsThereAreOthers) {
  BucketTable table(8);
  const BucketRule total = per_second(1'000, 2);
  const BucketRule each = per_second(1, 50);
  ASSERT_TRUE(table.take(hash_in(0, 0), total, Keep::Always, kStart).allowed);
  ASSERT_TRUE(table.take(hash_in(0, 0), total, Keep::Always, kStart).allowed);

  for (std::uint64_t i = 1; i < 1'000; ++i) {
    ASSERT_TRUE(table.take(hash_in(0, i), each, kNormal, kStart).allowed);
  }

  EXPECT_FALSE(table.take(hash_in(0, 0), total, Keep::Always, kStart).allowed);
}

TEST(BucketTable, LetsEvenThoseGoWhereThereIsNothingElse) {
  BucketTable table(8);
  const BucketRule rule = per_second(1, 1);

  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(table.take(hash_in(0, i), rule, Keep::Always, kStart).allowed);
  }
}

// The accuracy that is promised, ±2 %, with as many clients as there are places and a burst that
// does not hide anything.
TEST(BucketTable, KeepsTheRateOfManyClientsThatNeverStop) {
  constexpr int kClients = 16'384;
  BucketTable table(65'536);
  const BucketRule rule = per_second(20, 1);
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> clients(kClients);
  for (auto& client : clients) client = random();

  std::uint64_t allowed = 0;
  constexpr int kSteps = 200;  // Of 10 ms: five times the rate.
  for (int step = 0; step < kSteps; ++step) {
    for (const std::uint64_t client : clients) {
      allowed +=
          table.take(client, rule, kNormal, kStart + milliseconds(10) * step).allowed ? 1 : 0;
    }
  }

  const double per_client = static_cast<double>(allowed) / kClients;
  EXPECT_NEAR(per_client / 40.0, 1.0, 0.02);  // In two seconds.
}

}  // namespace
}  // namespace pear::security
