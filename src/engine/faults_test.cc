// How instances end, and what they may not do to others.
#include <string>

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"
#include "engine/ticker.h"

namespace pear::engine {
namespace {

class Faults : public testing::Test {
 protected:
  static void SetUpTestSuite() { image() = guest_image("probe_faults"); }
  static std::shared_ptr<const Image>& image() {
    static std::shared_ptr<const Image> made;
    return made;
  }

  std::string run(std::string_view path) {
    if (guest_.serve({.path = path}) == PollStep::Idle) return guest_.host.response;
    return fault(guest_);
  }
  static std::string fault(const Guest& guest) {
    return std::to_string(static_cast<int>(guest.instance.fault())) + ": " +
           std::string(guest.instance.fault_text());
  }

  Guest guest_{image()};
};

TEST_F(Faults, NameTheTrapAndTheFunction) {
  EXPECT_EQ(run("/unreachable"), "1: unreachable executed in unreachable");
}

TEST_F(Faults, AFaultedInstanceStaysSo) {
  run("/unreachable");
  EXPECT_EQ(guest_.instance.poll(), PollStep::Faulted);
  EXPECT_EQ(fault(guest_), "1: unreachable executed in unreachable");
}

TEST_F(Faults, StackExhaustionIsATrap) {
  EXPECT_EQ(run("/stack"), "1: call stack exhausted in deep");
}

TEST_F(Faults, AnAccessOutOfBoundsIsATrap) {
  EXPECT_TRUE(run("/out-of-bounds").starts_with("1: out of bounds memory access"));
}

TEST_F(Faults, ADivisionByZeroIsATrap) {
  EXPECT_EQ(run("/divide"), "1: integer divided by zero in divide");
}

TEST_F(Faults, ABadHandleOrStringIsAFaultOfTheGuest) {
  EXPECT_TRUE(run("/bad-utf8").starts_with("3: invalid utf-8")) << fault(guest_);
  Guest other(image());
  EXPECT_EQ(other.serve({.path = "/bad-handle"}), PollStep::Faulted);
  EXPECT_EQ(other.instance.fault(), InstanceFault::HostRule) << fault(other);
}

TEST_F(Faults, APanicInAHostFunctionEndsThatInstanceAlone) {
  Guest neighbour(image());
  ASSERT_EQ(neighbour.run(), PollStep::Idle);
  guest_.instance.panic_once();

  EXPECT_TRUE(run("/logs").starts_with("5: bug in the engine: a panic that a test asked for at "));

  EXPECT_EQ(neighbour.serve({.path = "/logs"}), PollStep::Idle);
  Guest next(image());
  EXPECT_EQ(next.serve({.path = "/logs"}), PollStep::Idle);
}

TEST_F(Faults, AnEndlessLoopYieldsWithEachTickAndCanBeDropped) {
  Ticker ticker(test_engine());
  ticker.guest_started();
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  guest_.begin({.path = "/spin"});
  for (int slice = 0; slice < 5; ++slice) {
    EXPECT_EQ(guest_.instance.poll(), PollStep::Yielded);
  }
  EXPECT_GE(ticker.ticks(), 5U);
  ticker.guest_stopped();
}

TEST_F(Faults, AGuestThatYieldedGoesOnWhereItStood) {
  Ticker ticker(test_engine());
  ticker.guest_started();
  EXPECT_EQ(run("/work"), "done");
  ticker.guest_stopped();
}

TEST_F(Faults, AStartThatNeverEndsYieldsToo) {
  Ticker ticker(test_engine());
  ticker.guest_started();
  Guest guest(guest_image("start_spins"));
  EXPECT_EQ(guest.instance.poll(), PollStep::Yielded);
  EXPECT_EQ(guest.instance.poll(), PollStep::Yielded);
  ticker.guest_stopped();
}

TEST_F(Faults, AStartThatTrapsIsAStartFault) {
  Guest guest(guest_image("start_traps"));
  EXPECT_EQ(guest.run(), PollStep::Faulted);
  EXPECT_EQ(fault(guest), "6: unreachable executed in initialize");
}

TEST_F(Faults, AGrowthThatTheHostRefusesFailsInTheGuest) {
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  guest_.host.memory_max = guest_.host.memory + 16 * 65'536 + 50'000;
  EXPECT_EQ(run("/grow-much"), "refused");
  guest_.host.clear_response();
  EXPECT_EQ(run("/grow-little"), "grown");
  guest_.host.clear_response();
  EXPECT_EQ(run("/grow-beyond-type"), "refused");
}

TEST_F(Faults, AnInstanceWithoutRoomForItsMemoryCannotStart) {
  guest_.host.memory_max = 65'536;
  EXPECT_EQ(guest_.run(), PollStep::Faulted);
  EXPECT_EQ(guest_.instance.fault(), InstanceFault::Memory) << fault(guest_);
}

TEST_F(Faults, BuffersThatTheHostKeepsAreChargedAndBounded) {
  guest_.host.memory_max = std::uint64_t{8} << 20U;
  EXPECT_TRUE(run("/hold-buffers").starts_with("2: no memory left for a buffer"));
  EXPECT_LE(guest_.host.memory, guest_.host.memory_max);
}

TEST(FaultsMemory, AllOfItIsGivenBackWhenAnInstanceIsFreed) {
  const auto image = guest_image("probe_faults");
  FakeHost host;
  const Grants grants = Guest::kGrants;
  Inbox inbox([](void*) {}, nullptr);
  {
    Instance instance(*image, {.host = &FakeHost::table(), .context = &host, .grants = &grants},
                      inbox, 1);
    while (instance.poll() != PollStep::Idle) {
    }
    EXPECT_GT(host.memory, 0U);
  }
  EXPECT_EQ(host.memory, 0U);
}

TEST_F(Faults, PollWithAnEmptyListIsAFault) {
  EXPECT_TRUE(run("/poll-nothing").starts_with("3: called poll with an empty list"));
}

TEST_F(Faults, PollGivesWhatIsReady) {
  EXPECT_EQ(run("/poll-timers"), "120");
}

TEST_F(Faults, PollTakesOnePollableTwice) {
  EXPECT_EQ(run("/poll-same-twice"), "2");
}

TEST_F(Faults, ATimerAsksTheHostToBePolledInTime) {
  EXPECT_EQ(run("/wait-a-little"), "waited");
  EXPECT_GT(guest_.host.wake_deadline, 0U);
}

TEST_F(Faults, AWaitForEverOnlyWaits) {
  ASSERT_EQ(guest_.run(), PollStep::Idle);
  guest_.begin({.path = "/wait-for-ever"});
  EXPECT_EQ(guest_.run(10), PollStep::Pending);
  EXPECT_EQ(guest_.host.wake_deadline, 0U);  // Nobody is to wake it.
}

TEST_F(Faults, WhatAGuestPrintsReachesTheHost) {
  EXPECT_EQ(run("/logs"), "65536");
  EXPECT_EQ(guest_.host.out, "to out");
  EXPECT_EQ(guest_.host.err, "to err");
}

}  // namespace
}  // namespace pear::engine
