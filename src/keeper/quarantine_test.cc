#include "keeper/quarantine.h"

#include <vector>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using base::SiteKey;
using std::chrono::seconds;

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr SiteKey kShop = base::site_key("shop");
constexpr SiteKey kBlog = base::site_key("blog");

TEST(Quarantine, LeavesASiteOutAtTheSecondDeathWithinAMinute) {
  Quarantine quarantine;
  EXPECT_FALSE(quarantine.on_death(kShop, kStart));
  EXPECT_TRUE(quarantine.sites().empty());
  EXPECT_TRUE(quarantine.on_death(kShop, kStart + seconds(60)));
  ASSERT_EQ(quarantine.sites().size(), 1U);
  EXPECT_EQ(quarantine.sites()[0], (QuarantinedSite{.site = kShop, .component = 0}));
}

TEST(Quarantine, ForgetsADeathAfterAMinute) {
  Quarantine quarantine;
  EXPECT_FALSE(quarantine.on_death(kShop, kStart));
  EXPECT_FALSE(quarantine.on_death(kShop, kStart + seconds(60) + std::chrono::nanoseconds(1)));
  EXPECT_TRUE(quarantine.sites().empty());
}

TEST(Quarantine, CountsEachSiteByItself) {
  Quarantine quarantine;
  EXPECT_FALSE(quarantine.on_death(kShop, kStart));
  EXPECT_FALSE(quarantine.on_death(kBlog, kStart + seconds(1)));
  EXPECT_TRUE(quarantine.on_death(kShop, kStart + seconds(2)));
  EXPECT_TRUE(quarantine.on_death(kBlog, kStart + seconds(3)));
  EXPECT_EQ(quarantine.sites().size(), 2U);
}

TEST(Quarantine, GivesASiteThatTheServerServedAgainTwoMoreDeaths) {
  Quarantine quarantine;
  EXPECT_FALSE(quarantine.on_death(kShop, kStart));
  EXPECT_TRUE(quarantine.on_death(kShop, kStart + seconds(1)));
  quarantine.adopt({});  // An operator had it served.
  EXPECT_FALSE(quarantine.on_death(kShop, kStart + seconds(2)));
  EXPECT_TRUE(quarantine.on_death(kShop, kStart + seconds(3)));
}

TEST(Quarantine, KeepsTheComponentThatTheServerNamed) {
  Quarantine quarantine;
  const std::vector<QuarantinedSite> left_out{{.site = kShop, .component = 7}};
  quarantine.adopt(left_out);
  EXPECT_FALSE(quarantine.on_death(kBlog, kStart));
  ASSERT_EQ(quarantine.sites().size(), 1U);
  EXPECT_EQ(quarantine.sites()[0].component, 7U);
}

TEST(Quarantine, IsBoundedWhateverAServerSaysAndHoweverManySitesKillIt) {
  Quarantine quarantine;
  quarantine.adopt(std::vector<QuarantinedSite>(10'000, {.site = kBlog}));
  EXPECT_EQ(quarantine.sites().size(), Quarantine::kSitesMax);
  quarantine.adopt({});
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    static_cast<void>(quarantine.on_death(SiteKey{i}, kStart));
    static_cast<void>(quarantine.on_death(SiteKey{i}, kStart));
  }
  EXPECT_EQ(quarantine.sites().size(), Quarantine::kSitesMax);
}

}  // namespace
}  // namespace pear::keeper
