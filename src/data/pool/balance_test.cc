#include "data/pool/balance.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace pear::pool {
namespace {

using config::Balance::LeastConnected;
using config::Balance::RoundRobin;
using config::Balance::Sticky;
using config::Balance::Weighted;

constexpr Candidate here(std::uint32_t load) {
  return {.available = true, .local = true, .load = load};
}
constexpr Candidate elsewhere(std::uint32_t load) {
  return {.available = true, .local = false, .load = load};
}
constexpr Candidate crashed() {
  return {.available = false, .local = true};
}

TEST(Balance, LeastConnectedTakesTheCageWithTheFewestRequests) {
  const std::array cages{here(3), here(1), here(2)};
  EXPECT_EQ(Balance().choose(LeastConnected, cages, {}), 1U);
}

TEST(Balance, LeastConnectedSpreadsEqualLoadOverTheCagesOfThisCore) {
  const std::array cages{here(0), here(0)};
  Balance balance;
  EXPECT_NE(balance.choose(LeastConnected, cages, {}), balance.choose(LeastConnected, cages, {}));
}

TEST(Balance, ACageElsewhereIsWorthTheHopOnlyWhenItIsMuchFreer) {
  EXPECT_EQ(Balance().choose(LeastConnected, std::array{here(16), elsewhere(0)}, {}), 0U);
  EXPECT_EQ(Balance().choose(LeastConnected, std::array{here(17), elsewhere(0)}, {}), 1U);
}

TEST(Balance, ABusyCoreGivesWorkAwayAtOnceAndKeepsTies) {
  const Balance::Situation behind{.core_is_behind = true};
  EXPECT_EQ(Balance().choose(LeastConnected, std::array{here(1), elsewhere(0)}, behind), 1U);
  EXPECT_EQ(Balance().choose(LeastConnected, std::array{elsewhere(1), here(1)}, behind), 1U);
}

TEST(Balance, NoRuleEverChoosesACageThatIsNotAvailable) {
  const std::array cages{crashed(), here(90), crashed()};
  for (const config::Balance rule : {LeastConnected, RoundRobin, Weighted, Sticky}) {
    Balance balance;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(balance.choose(rule, cages, {}), 1U);
  }
}

TEST(Balance, NothingIsChosenWhereNothingIsAvailable) {
  const std::array cages{crashed(), crashed()};
  for (const config::Balance rule : {LeastConnected, RoundRobin, Weighted, Sticky}) {
    EXPECT_EQ(Balance().choose(rule, cages, {}), std::nullopt);
    EXPECT_EQ(Balance().choose(rule, {}, {}), std::nullopt);
  }
}

TEST(Balance, RoundRobinGoesThroughAllCagesInTurn) {
  const std::array cages{here(5), elsewhere(0), here(0)};
  Balance balance;
  std::vector<std::size_t> chosen;
  for (int i = 0; i < 6; ++i) chosen.push_back(*balance.choose(RoundRobin, cages, {}));
  EXPECT_EQ(chosen, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Balance, WeightsAreKeptExactlyAndSmoothly) {
  std::array cages{here(0), here(0), here(0)};
  cages[0].weight = 5;
  Balance balance;
  std::map<std::size_t, int> counts;
  std::size_t in_a_row = 0;
  std::size_t longest = 0;
  for (int i = 0; i < 70; ++i) {
    const std::size_t chosen = *balance.choose(Weighted, cages, {});
    ++counts[chosen];
    in_a_row = chosen == 0 ? in_a_row + 1 : 0;
    longest = std::max(longest, in_a_row);
  }
  EXPECT_EQ(counts[0], 50);
  EXPECT_EQ(counts[1], 10);
  EXPECT_EQ(counts[2], 10);
  EXPECT_LE(longest, 4U);
}

TEST(Balance, AStickyClientStaysWithItsCageAndOthersMoveOnlyWhenTheirsIsGone) {
  std::array cages{here(0), here(0), here(0)};
  Balance balance;
  std::map<std::uint64_t, std::size_t> homes;
  std::map<std::size_t, int> counts;
  for (std::uint64_t client = 1; client <= 300; ++client) {
    homes[client] = *balance.choose(Sticky, cages, {.client_hash = client});
    ++counts[homes[client]];
  }
  for (const auto& [cage, count] : counts) EXPECT_GT(count, 60) << cage;

  cages[1].available = false;
  for (const auto& [client, home] : homes) {
    const std::size_t now = *balance.choose(Sticky, cages, {.client_hash = client});
    if (home != 1) {
      EXPECT_EQ(now, home);
    }
  }
}

}  // namespace
}  // namespace pear::pool
