#include "io/tls/ticket_keys.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pear::io::tls {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr WallTime kStart{seconds(1'800'000'000)};

struct alignas(64) Shared {
  std::array<std::byte, TicketKeys::kSharedBytes> bytes{};
};

TEST(TicketKeys, KeepOneKeyForTwelveHours) {
  const auto keys = TicketKeys::in_process();
  const auto first = keys->current(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(keys->current(kStart + hours(12) - seconds(1))->name, first->name);
  const auto second = keys->current(kStart + hours(12));
  ASSERT_TRUE(second);
  EXPECT_NE(second->name, first->name);
  EXPECT_NE(second->encryption, first->encryption);
  EXPECT_NE(first->encryption, first->authentication);
}

TEST(TicketKeys, AcceptTheLastKeyForADayAndSayThatItIsToBeRenewed) {
  const auto keys = TicketKeys::in_process();
  const auto first = keys->current(kStart);
  EXPECT_TRUE(keys->find(first->name, kStart)->is_current);
  ASSERT_TRUE(keys->current(kStart + hours(12)));

  const auto found = keys->find(first->name, kStart + hours(24) - seconds(1));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->is_current);
  EXPECT_EQ(found->key.encryption, first->encryption);
  EXPECT_EQ(found->key.authentication, first->authentication);
  EXPECT_FALSE(keys->find(first->name, kStart + hours(24)));
}

TEST(TicketKeys, KnowNoOtherNames) {
  const auto keys = TicketKeys::in_process();
  ASSERT_TRUE(keys->current(kStart));
  EXPECT_FALSE(keys->find(std::array<std::uint8_t, 16>{}, kStart));
  EXPECT_FALSE(TicketKeys::in_process()->find(keys->current(kStart)->name, kStart));
}

TEST(TicketKeys, GoOnForYears) {
  const auto keys = TicketKeys::in_process();
  std::set<std::array<std::uint8_t, 16>> names;
  for (int i = 0; i < 1000; ++i) names.insert(keys->current(kStart + hours(12) * i)->name);
  EXPECT_EQ(names.size(), 1000U);
}

TEST(TicketKeys, ServeAsWellWhenTheClockIsSetBack) {
  const auto keys = TicketKeys::in_process();
  const auto first = keys->current(kStart);
  EXPECT_EQ(keys->current(kStart - hours(3))->name, first->name);
  EXPECT_TRUE(keys->find(first->name, kStart - hours(3)));
  // By days: a new key, so that those of the future do not stay for ever.
  EXPECT_NE(keys->current(kStart - hours(72))->name, first->name);
}

TEST(TicketKeys, AreTheSameForAllWhoShareTheMemory) {
  Shared shared;
  const auto one = TicketKeys::over(shared.bytes);
  const auto two = TicketKeys::over(shared.bytes);
  const auto key = one->current(kStart);
  EXPECT_EQ(two->current(kStart + hours(1))->name, key->name);
  EXPECT_TRUE(two->find(key->name, kStart));
  const auto next = two->current(kStart + hours(13));
  EXPECT_EQ(one->current(kStart + hours(13))->name, next->name);
  // A restart finds them.
  EXPECT_TRUE(TicketKeys::over(shared.bytes)->find(key->name, kStart + hours(13)));
}

TEST(TicketKeys, RefuseMemoryThatIsTooSmallOrCrooked) {
  Shared shared;
  EXPECT_EQ(TicketKeys::over(std::span(shared.bytes).first(TicketKeys::kSharedBytes - 1)), nullptr);
  std::array<Shared, 2> more;
  EXPECT_EQ(TicketKeys::over({&more[0].bytes[1], TicketKeys::kSharedBytes}), nullptr);
  EXPECT_NE(TicketKeys::over(shared.bytes), nullptr);
}

TEST(TicketKeys, WriteOverGarbage) {
  for (int garbage = 1; garbage < 256; ++garbage) {
    Shared shared;
    std::memset(shared.bytes.data(), garbage, shared.bytes.size());
    const auto keys = TicketKeys::over(shared.bytes);
    const auto key = keys->current(kStart);
    ASSERT_TRUE(key) << garbage;
    EXPECT_TRUE(keys->find(key->name, kStart));
    EXPECT_EQ(keys->current(kStart + hours(1))->name, key->name);
  }
}

TEST(TicketKeys, ForgetAKeyOfWhichOneBitChanged) {
  Shared shared;
  const auto keys = TicketKeys::over(shared.bytes);
  const auto key = keys->current(kStart);
  auto& ring = *reinterpret_cast<TicketKeyRing*>(shared.bytes.data());
  ring.slots[0].words[5].fetch_xor(1);
  EXPECT_FALSE(keys->find(key->name, kStart));
  EXPECT_NE(keys->current(kStart)->name, key->name);
}

// What is left when a process dies between its claim and its key.
TEST(TicketKeys, TakeOverFromAWriterThatDied) {
  Shared shared;
  const auto keys = TicketKeys::over(shared.bytes);
  const auto old = keys->current(kStart);
  auto& ring = *reinterpret_cast<TicketKeyRing*>(shared.bytes.data());
  const WallTime later = kStart + hours(12);
  ring.slots[1].state = std::uint64_t{1} << 62 | (1'800'000'000ULL + 12 * 3600);
  ring.slots[1].words[3] = 99;

  // Meanwhile the old one serves.
  EXPECT_EQ(keys->current(later + seconds(59))->name, old->name);
  const auto taken_over = keys->current(later + seconds(60));
  ASSERT_TRUE(taken_over);
  EXPECT_NE(taken_over->name, old->name);
  EXPECT_TRUE(keys->find(old->name, later + seconds(60)));
}

TEST(TicketKeys, AreWholeHoweverManyThreadsReadAndRotate) {
  Shared shared;
  constexpr int kRounds = 300;
  std::atomic<int> round{0};
  std::atomic<int> without_key{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto keys = TicketKeys::over(shared.bytes);
      while (round.load() < kRounds) {
        const WallTime now = kStart + hours(12) * round.fetch_add(1);
        const auto key = keys->current(now);
        if (!key) {
          ++without_key;
          continue;
        }
        // Another may have replaced it by now; if it is there, it is the same.
        const auto found = keys->find(key->name, now);
        if (found) {
          EXPECT_EQ(found->key.encryption, key->encryption);
          EXPECT_EQ(found->key.authentication, key->authentication);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(without_key.load(), kRounds);
}

TEST(TicketKeys, AreMadeOnceByThreadsThatBeginTogether) {
  for (int i = 0; i < 50; ++i) {
    Shared shared;
    std::array<std::array<std::uint8_t, 16>, 4> names{};
    {
      std::vector<std::jthread> threads;
      for (auto& name : names) {
        threads.emplace_back([&shared, &name] {
          const auto keys = TicketKeys::over(shared.bytes);
          std::optional<TicketKeys::Key> key;
          while (!key) key = keys->current(kStart);
          name = key->name;
        });
      }
    }
    const auto keys = TicketKeys::over(shared.bytes);
    for (const auto& name : names) EXPECT_TRUE(keys->find(name, kStart));
  }
}

}  // namespace
}  // namespace pear::io::tls
