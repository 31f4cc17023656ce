#include "model/cage_state.h"

#include <set>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace pear::model {
namespace {

using enum CageState;

std::set<CageState> reachable_from(CageState start) {
  std::set<CageState> seen;
  std::vector<CageState> open{start};
  while (!open.empty()) {
    const CageState state = open.back();
    open.pop_back();
    for (const CageTransition& row : kCageTransitions) {
      if (row.from == state && seen.insert(row.to).second) open.push_back(row.to);
    }
  }
  return seen;
}

TEST(CageState, EveryLivingStateCanReachTheEnd) {
  for (const CageState state : {Initializing, Running, Crashed, Terminating}) {
    EXPECT_TRUE(reachable_from(state).contains(Terminated)) << name(state);
  }
}

TEST(CageState, EveryLivingStateButTheEndingOneCanReachRunning) {
  for (const CageState state : {Initializing, Running, Crashed}) {
    EXPECT_TRUE(reachable_from(state).contains(Running)) << name(state);
  }
  EXPECT_FALSE(reachable_from(Terminating).contains(Running));
}

TEST(CageState, NothingLeavesTheEnd) {
  EXPECT_TRUE(reachable_from(Terminated).empty());
}

TEST(CageState, OneMoveLeadsToOneStateOnly) {
  std::set<std::pair<CageState, CageMove>> rows;
  for (const CageTransition& row : kCageTransitions) {
    EXPECT_TRUE(rows.insert({row.from, row.on}).second) << name(row.from);
  }
}

TEST(CageState, OnlyAStartOrARecoverLeadsToRunning) {
  for (const CageTransition& row : kCageTransitions) {
    if (row.to != Running) continue;
    EXPECT_TRUE(row.on == CageMove::Started || row.on == CageMove::Recovered);
  }
}

TEST(CageState, NamesAreThoseOfTheDocumentation) {
  EXPECT_EQ(name(Initializing), "INITIALIZING");
  EXPECT_EQ(name(Terminated), "TERMINATED");
  EXPECT_EQ(label(Running), "running");
  EXPECT_EQ(label(Crashed), "crashed");
}

TEST(CageStateDeathTest, AnIllegalMoveEndsTheProcess) {
  EXPECT_EQ(moved(Running, CageMove::Faulted), Crashed);
  EXPECT_DEATH(static_cast<void>(moved(Terminated, CageMove::Started)), "cannot make this move");
}

}  // namespace
}  // namespace pear::model
