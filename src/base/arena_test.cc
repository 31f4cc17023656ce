#include "base/arena.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

constexpr ArenaBlockPool::Options kSmall{.block_bytes = 1024, .idle_max = 2};

TEST(Arena, HoldsNothingBeforeTheFirstAllocation) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 4096);
  EXPECT_EQ(arena.bytes_held(), 0U);
  EXPECT_EQ(pool.blocks_lent(), 0U);
  ASSERT_TRUE(arena.copy(""));
  EXPECT_EQ(pool.blocks_lent(), 0U);
}

TEST(Arena, CopiesStayWholeWhenTheTextTheyCameFromIsGone) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 65'536);
  std::vector<std::string_view> copies;
  for (int i = 0; i < 500; ++i) {
    const auto copied = arena.copy(std::to_string(i));
    ASSERT_TRUE(copied);
    copies.push_back(*copied);
  }
  for (int i = 0; i < 500; ++i) EXPECT_EQ(copies[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(Arena, TakesBlocksUpToItsLimitAndThenSaysNull) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 2048);
  EXPECT_NE(arena.alloc(900), nullptr);
  EXPECT_NE(arena.alloc(900), nullptr);
  EXPECT_EQ(arena.alloc(900), nullptr);
  EXPECT_EQ(arena.bytes_held(), 2048U);
  EXPECT_NE(arena.alloc(16), nullptr) << "what is left of a block stays usable";
  EXPECT_EQ(arena.copy(std::string(900, 'x')), std::nullopt);
  EXPECT_EQ(arena.make_array<std::uint64_t>(1000), std::nullopt);
  EXPECT_EQ(arena.alloc(SIZE_MAX - 8), nullptr);
}

TEST(Arena, GivesALargeThingABlockOfItsOwnAndGoesOnInTheSmallOne) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 10'000);
  ASSERT_NE(arena.alloc(100), nullptr);
  ASSERT_NE(arena.alloc(5000), nullptr);
  const std::size_t held = arena.bytes_held();
  EXPECT_GE(held, 6024U);
  ASSERT_NE(arena.alloc(100), nullptr);
  EXPECT_EQ(arena.bytes_held(), held);
}

TEST(Arena, ResetKeepsOneBlockAndReleaseKeepsNone) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 100'000);
  ASSERT_NE(arena.alloc(100), nullptr);
  ASSERT_NE(arena.alloc(5000), nullptr);
  ASSERT_NE(arena.alloc(1000), nullptr);
  arena.reset();
  EXPECT_EQ(arena.bytes_held(), 1024U);
  EXPECT_EQ(pool.blocks_lent(), 1U);
  ASSERT_NE(arena.alloc(900), nullptr);
  EXPECT_EQ(pool.blocks_lent(), 1U);
  arena.release();
  EXPECT_EQ(arena.bytes_held(), 0U);
  EXPECT_EQ(pool.blocks_lent(), 0U);
  EXPECT_NE(arena.alloc(1), nullptr);
}

TEST(Arena, AResetOfOnlyALargeBlockKeepsNone) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 100'000);
  ASSERT_NE(arena.alloc(5000), nullptr);
  arena.reset();
  EXPECT_EQ(arena.bytes_held(), 0U);
  EXPECT_NE(arena.alloc(10), nullptr);
}

TEST(Arena, ReturnsMemoryThatIsAlignedAsAsked) {
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 100'000);
  for (const std::size_t alignment : {1U, 2U, 4U, 8U, 16U}) {
    ASSERT_TRUE(arena.copy("x"));
    const auto address = reinterpret_cast<std::uintptr_t>(arena.alloc(3, alignment));
    EXPECT_EQ(address % alignment, 0U);
  }
}

TEST(Arena, MakesObjectsAndZeroedArrays) {
  struct Point {
    int x;
    int y;
  };
  ArenaBlockPool pool(kSmall);
  Arena arena(pool, 4096);
  const Point* const point = arena.make<Point>(1, 2);
  ASSERT_NE(point, nullptr);
  EXPECT_EQ(point->y, 2);
  const auto numbers = arena.make_array<std::uint32_t>(5);
  ASSERT_TRUE(numbers);
  for (const std::uint32_t number : *numbers) EXPECT_EQ(number, 0U);
}

TEST(ArenaBlockPool, KeepsNoMoreIdleBlocksThanItWasTold) {
  ArenaBlockPool pool(kSmall);
  {
    Arena arena(pool, 100'000);
    for (int i = 0; i < 5; ++i) ASSERT_NE(arena.alloc(1000), nullptr);
    EXPECT_EQ(pool.blocks_lent(), 5U);
  }
  EXPECT_EQ(pool.blocks_lent(), 0U);
  EXPECT_EQ(pool.blocks_idle(), 2U);
}

}  // namespace
}  // namespace pear::base
