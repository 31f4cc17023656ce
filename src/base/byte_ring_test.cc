#include "base/byte_ring.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

std::string record_of(std::uint64_t i) {
  std::string record = std::to_string(i);
  record.resize(record.size() + (i * 7) % 90, static_cast<char>('a' + i % 26));
  return record;
}

TEST(SpscByteRing, GivesRecordsBackWholeAndInOrderHoweverTheyWrap) {
  SpscByteRing ring(256);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  while (popped < 1000) {
    while (ring.try_push(record_of(pushed)) != PushResult::Full) ++pushed;
    ASSERT_GT(pushed, popped);
    while (const auto record = ring.peek()) {
      ASSERT_EQ(*record, record_of(popped));
      ring.consume();
      ++popped;
    }
  }
}

TEST(SpscByteRing, TakesTheLongestRecordFromEveryPositionAndNothingLonger) {
  SpscByteRing ring(256);
  const std::string longest(ring.record_max(), 'x');
  EXPECT_FALSE(ring.reserve(ring.record_max() + 1));
  for (int i = 0; i < 100; ++i) {
    ASSERT_NE(ring.try_push(longest), PushResult::Full) << i;
    ASSERT_EQ(ring.peek(), longest);
    ring.consume();
    ASSERT_NE(ring.try_push("step"), PushResult::Full);
    ASSERT_EQ(ring.peek(), "step");
    ring.consume();
  }
}

TEST(SpscByteRing, KeepsOnlyTheBytesThatWereCommitted) {
  SpscByteRing ring(256);
  const auto room = ring.reserve(100);
  ASSERT_TRUE(room);
  EXPECT_EQ(room->size(), 100U);
  (*room)[0] = 'h';
  (*room)[1] = 'i';
  ring.commit(2);
  EXPECT_EQ(ring.peek(), "hi");
}

TEST(SpscByteRing, ForgetsAReservationThatIsNotCommitted) {
  SpscByteRing ring(256);
  ASSERT_TRUE(ring.reserve(100));
  EXPECT_EQ(ring.peek(), std::nullopt);
  ASSERT_NE(ring.try_push("next"), PushResult::Full);
  EXPECT_EQ(ring.peek(), "next");
}

TEST(SpscByteRing, CarriesARecordWithoutBytes) {
  SpscByteRing ring(64);
  EXPECT_EQ(ring.try_push(""), PushResult::QueuedOnEmpty);
  EXPECT_EQ(ring.peek(), "");
  ring.consume();
  EXPECT_EQ(ring.peek(), std::nullopt);
}

TEST(SpscByteRing, RefusesWhenFullAndTakesAgainOnceARecordIsConsumed) {
  SpscByteRing ring(64);
  int taken = 0;
  while (ring.try_push("12345678") != PushResult::Full) ++taken;
  EXPECT_EQ(taken, 4);
  ASSERT_TRUE(ring.peek());
  ring.consume();
  EXPECT_EQ(ring.try_push("12345678"), PushResult::Queued);
}

TEST(SpscByteRing, NeitherLosesARecordNorAWakeUpBetweenTwoThreads) {
  constexpr std::uint64_t kRecords = 200'000;
  SpscByteRing ring(1024);
  std::atomic<std::uint32_t> wakes{0};

  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kRecords; ++i) {
      const std::string record = record_of(i);
      PushResult result = ring.try_push(record);
      while (result == PushResult::Full) {
        std::this_thread::yield();
        result = ring.try_push(record);
      }
      if (result == PushResult::QueuedOnEmpty) {
        wakes.fetch_add(1);
        wakes.notify_one();
      }
    }
  });

  std::uint64_t next = 0;
  bool as_sent = true;
  while (next < kRecords) {
    const std::uint32_t wakes_seen = wakes.load();
    bool found = false;
    while (const auto record = ring.peek()) {
      as_sent = as_sent && *record == record_of(next);
      ring.consume();
      ++next;
      found = true;
    }
    if (!found) wakes.wait(wakes_seen);
  }
  producer.join();
  EXPECT_TRUE(as_sent);
}

}  // namespace
}  // namespace pear::base
