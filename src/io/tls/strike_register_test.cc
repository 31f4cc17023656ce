#include "io/tls/strike_register.h"

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pear::io::tls {
namespace {

using std::chrono::seconds;
using Ticket = std::array<std::uint8_t, 16>;

constexpr WallTime kNow{seconds(1'790'000'000)};

// Tickets of one set are told apart by their second half.
Ticket ticket(std::uint64_t set, std::uint64_t number) {
  const std::array<std::uint64_t, 2> halves{set, number << 25U};
  Ticket out{};
  std::memcpy(out.data(), halves.data(), sizeof halves);
  return out;
}

TEST(StrikeRegister, LetsEachTicketThroughOnce) {
  const auto strikes = StrikeRegister::in_process(1000);
  for (std::uint64_t i = 0; i < 500; ++i) EXPECT_TRUE(strikes->strike(ticket(i, i), kNow)) << i;
  for (std::uint64_t i = 0; i < 500; ++i) EXPECT_FALSE(strikes->strike(ticket(i, i), kNow)) << i;
}

TEST(StrikeRegister, RemembersATicketForALongTimeWhereThereIsRoom) {
  const auto strikes = StrikeRegister::in_process(1000);
  ASSERT_TRUE(strikes->strike(ticket(1, 1), kNow));
  EXPECT_FALSE(strikes->strike(ticket(1, 1), kNow + std::chrono::hours(24)));
}

TEST(StrikeRegister, RefusesWhatItHasNoRoomFor) {
  const auto strikes = StrikeRegister::in_process(1);
  for (std::uint64_t i = 1; i <= StrikeRegister::kPlaces; ++i) {
    EXPECT_TRUE(strikes->strike(ticket(0, i), kNow)) << i;
  }
  EXPECT_FALSE(strikes->strike(ticket(0, 9), kNow));
  EXPECT_FALSE(strikes->strike(ticket(0, 9), kNow + StrikeRegister::kWindow));
}

TEST(StrikeRegister, GivesUpTheOldestPlaceOnceNoReplayCanNeedIt) {
  const auto strikes = StrikeRegister::in_process(1);
  for (std::uint64_t i = 1; i <= StrikeRegister::kPlaces; ++i) {
    ASSERT_TRUE(strikes->strike(ticket(0, i), kNow + seconds(4 * i)));
  }
  const WallTime later = kNow + StrikeRegister::kWindow + seconds(8);
  EXPECT_TRUE(strikes->strike(ticket(0, 9), later));
  EXPECT_FALSE(strikes->strike(ticket(0, 9), later)) << "it is there now";
  EXPECT_FALSE(strikes->strike(ticket(0, 2), later)) << "the second oldest was kept";
}

TEST(StrikeRegister, SharesMemoryWithOthers) {
  alignas(64) std::array<std::byte, 4096> memory{};
  const auto one = StrikeRegister::over(memory);
  const auto other = StrikeRegister::over(memory);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->places(), 4096U / 8);
  EXPECT_TRUE(one->strike(ticket(5, 5), kNow));
  EXPECT_FALSE(other->strike(ticket(5, 5), kNow));
}

TEST(StrikeRegister, TakesNoMemoryThatIsTooSmallOrCrooked) {
  alignas(64) std::array<std::byte, 256> memory{};
  EXPECT_EQ(StrikeRegister::over(std::span(memory).first(63)), nullptr);
  EXPECT_EQ(StrikeRegister::over(std::span(memory).subspan(8)), nullptr);
}

TEST(StrikeRegister, NeverLetsTwoThreadsThroughWithOneTicket) {
  const auto strikes = StrikeRegister::in_process(100'000);
  constexpr std::uint64_t kTickets = 2'000;
  std::vector<std::atomic<int>> passed(kTickets);
  const auto bring_all = [&] {
    for (std::uint64_t i = 0; i < kTickets; ++i) {
      if (strikes->strike(ticket(i, i), kNow)) passed[i].fetch_add(1);
    }
  };
  {
    const std::jthread one(bring_all);
    const std::jthread other(bring_all);
  }
  for (std::uint64_t i = 0; i < kTickets; ++i) EXPECT_LE(passed[i].load(), 1) << i;
}

}  // namespace
}  // namespace pear::io::tls
