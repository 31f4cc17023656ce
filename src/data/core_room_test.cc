// When the process has no room for another instance: that is no cage's fault.
#include <string>

#include <gtest/gtest.h>

#include "data/core_fixture.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using cage::GuestFault;
using model::CageState;

TEST_F(CoreTest, ACageRunsWithoutRoomForItsFirstInstance) {
  engine_.alive_max = 0;
  start();
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_EQ(take_events<CageStarted>().size(), 1U);
  EXPECT_GT(engine_.asked_others, 0);

  engine_.alive_max = 1;
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, AnIdleInstanceGivesWayToAnotherCageOfTheCore) {
  engine_.alive_max = 1;
  site_.cages = 2;
  site_.run.isolation = config::Isolation::Cage;
  start();
  // The second cage took the place of the first one's idle instance, and serves as well.
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_EQ(state_of(1), CageState::Running);
  EXPECT_EQ(engine_.alive, 1);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(engine_.alive, 1);
}

TEST_F(CoreTest, AnIdleInstanceGivesWayToAnotherCore) {
  start();
  ASSERT_EQ(engine_.alive, 1);
  engine_.asked = true;
  turns(2);
  EXPECT_EQ(engine_.alive, 0);
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, AnEngineWithoutRoomCrashesNoCage) {
  int refusals = 1;
  engine_.start = [&](FakeGuest& guest) {
    if (refusals-- > 0) return guest.fault(GuestFault::NoRoom, "no slot");
    return guest.idle();
  };
  start();
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_TRUE(take_events<SpawnFailed>().empty());
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace pear::data
