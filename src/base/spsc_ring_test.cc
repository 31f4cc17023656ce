#include "base/spsc_ring.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

TEST(SpscRing, RoundsItsCapacityUpToAPowerOfTwo) {
  EXPECT_EQ(SpscRing<int>(1).capacity(), 1U);
  EXPECT_EQ(SpscRing<int>(5).capacity(), 8U);
  EXPECT_EQ(SpscRing<int>(8).capacity(), 8U);
}

TEST(SpscRing, GivesValuesBackInTheOrderInWhichTheyCame) {
  SpscRing<int> ring(4);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_NE(ring.try_push(i + 0), PushResult::Full);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(ring.try_pop(), i);
    ASSERT_EQ(ring.try_pop(), std::nullopt);
  }
}

TEST(SpscRing, RefusesWhatIsBeyondItsCapacityAndLeavesTheValueAlone) {
  SpscRing<std::unique_ptr<int>> ring(2);
  ASSERT_NE(ring.try_push(std::make_unique<int>(1)), PushResult::Full);
  ASSERT_NE(ring.try_push(std::make_unique<int>(2)), PushResult::Full);

  auto third = std::make_unique<int>(3);
  EXPECT_EQ(ring.try_push(std::move(third)), PushResult::Full);
  // NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that it is there still is
  // the promise.
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
  // NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)

  EXPECT_EQ(**ring.try_pop(), 1);
  EXPECT_NE(ring.try_push(std::move(third)), PushResult::Full);
}

TEST(SpscRing, AsksToWakeTheConsumerOnlyWhenItMayHaveSeenNothing) {
  SpscRing<int> ring(4);
  EXPECT_EQ(ring.try_push(1), PushResult::QueuedOnEmpty);
  EXPECT_EQ(ring.try_push(2), PushResult::Queued);
  ASSERT_TRUE(ring.try_pop());
  EXPECT_EQ(ring.try_push(3), PushResult::Queued);
  while (ring.try_pop()) {
  }
  EXPECT_EQ(ring.try_push(4), PushResult::QueuedOnEmpty);
}

TEST(SpscRing, DrainStopsAtItsMaximumAndSaysWhenTheRingIsEmpty) {
  SpscRing<int> ring(8);
  for (int i = 0; i < 5; ++i) ASSERT_NE(ring.try_push(i + 0), PushResult::Full);
  std::vector<int> taken;
  EXPECT_EQ(ring.drain([&](int value) { taken.push_back(value); }, 3), 3U);
  EXPECT_EQ(ring.drain([&](int value) { taken.push_back(value); }, 3), 2U);
  EXPECT_EQ(taken, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(SpscRing, DestroysWhatWasNeverTaken) {
  const auto counted = std::make_shared<int>(0);
  {
    SpscRing<std::shared_ptr<int>> ring(4);
    for (int i = 0; i < 3; ++i) {
      ASSERT_NE(ring.try_push(std::shared_ptr<int>(counted)), PushResult::Full);
    }
    EXPECT_EQ(counted.use_count(), 4);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

// The consumer really sleeps whenever it finds nothing and is woken only when try_push asks for it:
// a lost wake-up would hang the test.
TEST(SpscRing, NeitherLosesAValueNorAWakeUpBetweenTwoThreads) {
  constexpr std::uint64_t kValues = 1'000'000;
  SpscRing<std::unique_ptr<std::uint64_t>> ring(64);
  std::atomic<std::uint32_t> wakes{0};

  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kValues; ++i) {
      auto value = std::make_unique<std::uint64_t>(i);
      PushResult result = ring.try_push(std::move(value));
      while (result == PushResult::Full) {
        std::this_thread::yield();
        result = ring.try_push(std::move(value));
      }
      if (result == PushResult::QueuedOnEmpty) {
        wakes.fetch_add(1);
        wakes.notify_one();
      }
    }
  });

  std::uint64_t next = 0;
  bool in_order = true;
  while (next < kValues) {
    const std::uint32_t wakes_seen = wakes.load();
    const std::size_t count = ring.drain([&](std::unique_ptr<std::uint64_t> value) {
      in_order = in_order && *value == next;
      ++next;
    });
    if (count == 0) wakes.wait(wakes_seen);
  }
  producer.join();
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace pear::base
