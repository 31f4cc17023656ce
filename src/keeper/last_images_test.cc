#include "keeper/last_images.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

LastImages::Digest digest_of(int number) {
  LastImages::Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(static_cast<std::size_t>(number) * 31 + i);
  }
  return digest;
}

TEST(LastImages, FindsTheLatestOfEachSiteAndNoneOfAnother) {
  const auto images = std::make_unique<LastImages>();
  EXPECT_FALSE(images->find("shop"));

  images->remember("shop", digest_of(1));
  images->remember("blog", digest_of(2));
  images->remember("shop", digest_of(3));

  EXPECT_EQ(images->find("shop"), digest_of(3));
  EXPECT_EQ(images->find("blog"), digest_of(2));
  EXPECT_FALSE(images->find("other"));
}

TEST(LastImages, HoldsAThousandSitesAndForgetsOnlyOneForEachThatIsTooMany) {
  const auto images = std::make_unique<LastImages>();
  constexpr int kSites = static_cast<int>(LastImages::kSitesMax);
  for (int i = 0; i < kSites; ++i) images->remember("site-" + std::to_string(i), digest_of(i));
  for (int i = 0; i < kSites; ++i) {
    EXPECT_EQ(images->find("site-" + std::to_string(i)), digest_of(i)) << i;
  }
  images->remember("one more", digest_of(7));
  EXPECT_EQ(images->find("one more"), digest_of(7));
}

}  // namespace
}  // namespace pear::keeper
