#include "base/log/log_shares.h"

#include <gtest/gtest.h>

namespace pear::log {
namespace {

constexpr LineOwner guest_of(std::uint32_t site) {
  return {.kind = LineKind::Guest, .site = SiteId{site}};
}
constexpr LineOwner access_of(std::uint32_t site) {
  return {.kind = LineKind::Access, .site = SiteId{site}};
}

// How many lines of 100 bytes it may have, of 8,000.
std::size_t fill(LogShares& shares, LineOwner owner) {
  std::size_t lines = 0;
  for (; shares.admits(owner); ++lines) shares.add(owner, 100);
  return lines;
}

TEST(LogShares, LeaveRoomForOthersHoweverMuchOneSays) {
  LogShares shares(8'000);
  const std::size_t first = fill(shares, guest_of(0));
  EXPECT_NEAR(static_cast<double>(first), 26.0, 1.0) << "two thirds of a half";
  EXPECT_GT(fill(shares, guest_of(1)), 5U);
  for (std::uint32_t site = 2; site < 100; ++site) fill(shares, guest_of(site));
  EXPECT_TRUE(shares.admits(access_of(0)));
  EXPECT_GT(fill(shares, access_of(7)), 10U);
  EXPECT_TRUE(shares.admits(access_of(8)));
  EXPECT_TRUE(shares.admits({}));
}

TEST(LogShares, GiveBackWhatWasWritten) {
  LogShares shares(8'000);
  const std::size_t lines = fill(shares, guest_of(0));
  EXPECT_FALSE(shares.admits(guest_of(0)));
  for (std::size_t i = 0; i < lines; ++i) shares.remove(guest_of(0), 100);
  EXPECT_EQ(fill(shares, guest_of(0)), lines);
}

TEST(LogShares, NameTheOwnerInOneWord) {
  for (const LineOwner owner : {LineOwner{}, guest_of(0), access_of(70'000)}) {
    const LineOwner read = LogShares::owner_of(LogShares::tag_of(owner));
    EXPECT_EQ(read.kind, owner.kind);
    EXPECT_EQ(read.site, owner.site);
  }
}

}  // namespace
}  // namespace pear::log
