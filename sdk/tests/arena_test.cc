#include "pear/arena.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace pear {
namespace {

bool is_aligned(const std::byte* place, std::size_t align) {
  return reinterpret_cast<std::uintptr_t>(place) % align == 0;
}

class ArenaTest : public testing::Test {
 protected:
  alignas(16) std::array<std::byte, 64> first_{};
  Arena arena_{first_};
};

TEST_F(ArenaTest, ServesSmallThingsFromTheFirstBlock) {
  EXPECT_EQ(arena_.allocate(64, 16), first_.data());
  EXPECT_EQ(arena_.extra_blocks(), 0U);
}

TEST_F(ArenaTest, TakesABlockForTheFirstByteThatDoesNotFit) {
  static_cast<void>(arena_.allocate(64, 1));
  std::byte* more = arena_.allocate(1, 1);
  *more = std::byte{7};

  EXPECT_EQ(arena_.extra_blocks(), 1U);
}

TEST_F(ArenaTest, AlignsEachPlace) {
  static_cast<void>(arena_.allocate(1, 1));
  EXPECT_TRUE(is_aligned(arena_.allocate(1, 4), 4));
  EXPECT_TRUE(is_aligned(arena_.allocate(1, 16), 16));
  EXPECT_TRUE(is_aligned(arena_.allocate(200, 16), 16));
}

TEST_F(ArenaTest, DoesNotReachPastTheEndWhenOnlyTheAlignmentDoes) {
  static_cast<void>(arena_.allocate(63, 1));
  std::byte* place = arena_.allocate(0, 16);

  EXPECT_LE(place, first_.data() + first_.size());
  static_cast<void>(arena_.allocate(1, 16));
  EXPECT_EQ(arena_.extra_blocks(), 1U);
}

TEST_F(ArenaTest, HoldsWhatIsLargerThanABlock) {
  constexpr std::size_t large = std::size_t{1} << 20U;
  std::byte* place = arena_.allocate(large, 16);
  std::memset(place, 1, large);

  EXPECT_EQ(arena_.extra_blocks(), 1U);
}

TEST_F(ArenaTest, GrowsTheNewestInPlaceAndCopiesTheOthers) {
  std::byte* old = arena_.allocate(4, 1);
  std::memcpy(old, "pear", 4);
  EXPECT_EQ(arena_.grow(old, 4, 1, 8), old);

  static_cast<void>(arena_.allocate(1, 1));
  std::byte* moved = arena_.grow(old, 8, 1, 32);
  EXPECT_NE(moved, old);
  EXPECT_EQ(std::memcmp(moved, "pear", 4), 0);
}

TEST_F(ArenaTest, GivesEveryBlockBackAtReset) {
  for (int i = 0; i < 100; ++i) std::memset(arena_.allocate(10'000, 16), 1, 10'000);
  ASSERT_GT(arena_.extra_blocks(), 1U);

  arena_.reset();

  EXPECT_EQ(arena_.extra_blocks(), 0U);
  EXPECT_EQ(arena_.allocate(64, 16), first_.data());
}

TEST_F(ArenaTest, CopiesText) {
  std::string text = "pear";
  const std::string_view copy = arena_.copy(text);
  text = "nuts";

  EXPECT_EQ(copy, "pear");
  EXPECT_EQ(arena_.copy(""), "");
}

}  // namespace
}  // namespace pear
