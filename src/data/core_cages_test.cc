// The life of cages and instances: faults, healing, checks, ends.
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/clock.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using cage::GuestFault;
using model::CageState;

TEST_F(CoreTest, ATrapIsA500AndTheCageHealsByItself) {
  engine_.serve = [](FakeGuest& guest) {
    if (guest.request.path_with_query == "/site/trap") {
      return guest.fault(GuestFault::Trap, "unreachable executed");
    }
    return guest.answer("hello");
  };
  start();
  static_cast<void>(take_events<CageStarted>());
  EXPECT_TRUE(ask("GET /site/trap HTTP/1.1\r\nHost: a\r\n\r\n", "\n").starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(state_of(0), CageState::Running);

  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_TRUE(faults[0].recovered);
  EXPECT_EQ(faults[0].kind, FaultKind::Trap);
  EXPECT_EQ(faults[0].reason, "unreachable executed");
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, AUrlThatTrapsCanBeAskedForEverWhileCreditsLast) {
  engine_.serve = [](FakeGuest& guest) { return guest.fault(GuestFault::Trap, "no"); };
  start();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(ask(kGet, "\n").starts_with("HTTP/1.1 500 "));
    EXPECT_EQ(state_of(0), CageState::Running);
  }
}

TEST_F(CoreTest, WithoutACreditTheCageStaysCrashedUntilOneIsGranted) {
  engine_.serve = [](FakeGuest& guest) { return guest.fault(GuestFault::Trap, "no"); };
  start();
  for (int i = 0; i < 64; ++i) static_cast<void>(ask(kGet, "\n"));
  static_cast<void>(ask(kGet, "\n"));
  EXPECT_EQ(state_of(0), CageState::Crashed);

  send(GrantRecovery{.cage = CageId{1}, .credits = 1});
  turns(2);

  EXPECT_EQ(state_of(0), CageState::Running);
}

TEST_F(CoreTest, AGuestThatUsesUpItsCpuIsEndedWith504) {
  site_.limits.cpu = std::chrono::milliseconds(20);
  engine_.serve = [](FakeGuest& guest) { return guest.yielded(); };
  start();
  EXPECT_TRUE(ask(kGet, "\n").starts_with("HTTP/1.1 504 "));
  const auto faults = take_events<CageFaulted>();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, FaultKind::Cpu);
}

TEST_F(CoreTest, WithIsolationCageOneInstanceServesMany) {
  site_.run.isolation = config::Isolation::Cage;
  start();
  for (int i = 0; i < 5; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 1);
}

TEST_F(CoreTest, RequestsThatComeTogetherAreServedByOneInstanceInTurn) {
  site_.run.isolation = config::Isolation::Cage;
  start();
  std::vector<io::UniqueFd> clients(8);
  for (io::UniqueFd& client : clients) client = connect();
  for (const io::UniqueFd& client : clients) static_cast<void>(io::send(client.get(), kGet));
  for (const io::UniqueFd& client : clients) {
    EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 "));
  }
  EXPECT_EQ(engine_.made, 1);
}

TEST_F(CoreTest, WithIsolationRequestEachRequestGetsAFreshInstance) {
  site_.run.isolation = config::Isolation::Request;
  start();
  for (int i = 0; i < 5; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 5);
}

TEST_F(CoreTest, AnInstanceWithMuchMemoryIsEndedElsewhere) {
  site_.run.isolation = config::Isolation::Request;
  engine_.memory_of_instance = (4_MiB).count;
  start();
  static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.buried, 0);

  engine_.memory_of_instance = (64_MiB).count;
  static_cast<void>(ask(kGet, "hello"));
  static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.buried, 2);
  EXPECT_EQ(engine_.alive, 0);
}

TEST_F(CoreTest, AnInstanceIsReplacedAfterItsLastRequest) {
  site_.run.isolation = config::Isolation::Cage;
  site_.run.max_requests_per_instance = 2;
  start();
  for (int i = 0; i < 4; ++i) static_cast<void>(ask(kGet, "hello"));
  EXPECT_EQ(engine_.made, 2);
}

TEST_F(CoreTest, AnInstanceThatCannotBeMadeIsAFailedSpawn) {
  engine_.start = [](FakeGuest& guest) { return guest.fault(GuestFault::Start, "start trapped"); };
  start();
  const auto failures = take_events<SpawnFailed>();
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].reason, "start trapped");
  EXPECT_EQ(state_of(0), CageState::Crashed);

  engine_.start = nullptr;
  send(SpawnCage{.cage = CageId{1}, .site = SiteId{0}, .recover_credits = 1});
  turns(3);
  EXPECT_EQ(state_of(0), CageState::Running);
}

TEST_F(CoreTest, ATerminatedCageFinishesItsRequestsAndIsGone) {
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(2);
  send(TerminateCage{.cage = CageId{1}, .deadline = io::now() + std::chrono::hours(1)});
  turns(2);
  EXPECT_EQ(state_of(0), CageState::Terminating);
  EXPECT_TRUE(take_events<CageEnded>().empty());
  go = true;
  EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 "));
  turns(2);
  EXPECT_EQ(take_events<CageEnded>().size(), 1U);
  EXPECT_EQ(state_of(0), CageState::Terminated);
}

TEST_F(CoreTest, ACheckOfALivingCageIsAnswered) {
  start();
  send(CheckCage{.cage = CageId{1}, .nonce = 7});
  turns(2);
  const auto answers = take_events<CageAlive>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].nonce, 7U);
  EXPECT_TRUE(answers[0].healthy);
}

TEST_F(CoreTest, AHealthPathIsRunThroughTheGuest) {
  std::string asked;
  engine_.serve = [&](FakeGuest& guest) {
    asked = guest.request.path_with_query;
    static_cast<void>(guest.host.respond(500, {}));
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  send(CheckCage{.cage = CageId{1}, .nonce = 1, .path = "/health"});
  turns(5);
  const auto answers = take_events<CageAlive>();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_FALSE(answers[0].healthy);
  EXPECT_EQ(asked, "/health");
}

}  // namespace
}  // namespace pear::data
