#include "data/security/address_counts.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pear::security {
namespace {

constexpr std::uint64_t kClient = 0x1234'5678'9ABC'DEF0;

TEST(AddressCounts, CountsUpToTheLimitAndBack) {
  AddressCounts counts(100);
  std::vector<CountedConnection> open;
  for (int i = 0; i < 3; ++i) {
    auto connection = counts.count(kClient, 3);
    ASSERT_TRUE(connection) << i;
    open.push_back(*std::move(connection));
  }

  EXPECT_FALSE(counts.count(kClient, 3));
  EXPECT_TRUE(counts.count(kClient + (1ULL << 40U), 3)) << "others have their own limit";
  open.pop_back();
  EXPECT_TRUE(counts.count(kClient, 3));
}

TEST(AddressCounts, GivesBackOnceHoweverItIsMoved) {
  AddressCounts counts(100);
  auto first = counts.count(kClient, 2);
  auto second = counts.count(kClient, 2);
  CountedConnection moved = *std::move(first);
  first.reset();
  moved = *std::move(second);  // The first ends here,
  second.reset();

  auto third = counts.count(kClient, 2);
  EXPECT_TRUE(third);
  EXPECT_FALSE(counts.count(kClient, 2));  // and the second has not.
}

TEST(AddressCounts, HasRoomForTwiceTheConnectionsAndCountsAboutAllOfThem) {
  AddressCounts counts(4'096);
  std::vector<CountedConnection> open;
  std::uint64_t hash = 1;
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 4'096; ++i) {
    hash = hash * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    hashes.push_back(hash ^ (hash >> 29U));
    auto connection = counts.count(hashes.back(), 1);
    ASSERT_TRUE(connection);
    open.push_back(*std::move(connection));
  }
  int uncounted = 0;
  for (const std::uint64_t each : hashes) uncounted += counts.count(each, 1).has_value() ? 1 : 0;

  EXPECT_LE(uncounted, 40);
}

TEST(AddressCounts, CountsNoMoreThanThereIsRoomFor) {
  AddressCounts counts(1);  // Sixteen places.
  std::vector<CountedConnection> open;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    auto connection = counts.count(i << 40U, 1);
    ASSERT_TRUE(connection) << "without room nobody is refused";
    open.push_back(*std::move(connection));
  }

  EXPECT_FALSE(counts.count(1ULL << 40U, 1));
  EXPECT_TRUE(counts.count(30ULL << 40U, 1));
}

TEST(AddressCounts, SharesOfOneClientAreCountedTogetherAndComeBack) {
  AddressCounts counts(64);
  constexpr std::uint64_t kOther = 0xfedc'ba98'7654'3210;
  {
    CountedShare one = counts.share(kClient);
    CountedShare two = counts.share(kClient);
    const CountedShare other = counts.share(kOther);
    one.set(100);
    two.set(7);
    EXPECT_EQ(one.total(), 107U);
    EXPECT_EQ(two.total(), 107U);
    EXPECT_EQ(other.total(), 1U);
    one.set(0);
    EXPECT_EQ(two.total(), 8U) << "a share that is open is never without a unit";
    const CountedShare moved = std::move(two);
    EXPECT_EQ(moved.total(), 8U);
  }
  EXPECT_EQ(counts.share(kClient).total(), 1U);
}

TEST(AddressCounts, AShareBeyondItsRangeIsHeldAtItsEnd) {
  AddressCounts counts(64);
  CountedShare share = counts.share(1'000'000'007);
  share.set(UINT32_MAX);
  EXPECT_EQ(share.total(), 65'535U);
  share.set(3);
  EXPECT_EQ(share.total(), 3U);
}

}  // namespace
}  // namespace pear::security
