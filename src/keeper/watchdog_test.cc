#include "keeper/watchdog.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using State = Watchdog::State;
using Sight = Watchdog::Sight;

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr milliseconds kHangMax{1'000};

// A machine with one thread of a server, in steps of a millisecond, and the keeper's timer.
struct Machine {
  Watchdog dog{{.hang_max = kHangMax}};
  MonotonicTime now = kStart;
  MonotonicTime next_look = kStart;
  Sight thread{};
  nanoseconds unsaid_wait{};  // For a CPU: the kernel says so once it has one.

  enum class Does : std::uint8_t { Rest, Run, WaitForCpu, Sleep, WaitForDisk, Stop, Trace };

  void begin_turn() { thread.turn_began_ns = now.time_since_epoch().count(); }

  // One millisecond, in which the thread does this. The verdict of a look, if there was one.
  Watchdog::Verdict step(Does what, bool keeper_runs = true) {
    constexpr milliseconds kStep{1};
    now += kStep;
    thread.state = state_of(what);
    if (what == Does::Run) thread.ran += kStep;
    if (what == Does::WaitForCpu) {
      unsaid_wait += kStep;
    } else {
      thread.waited += std::exchange(unsaid_wait, nanoseconds(0));
    }
    if (what == Does::Rest) thread.turn_began_ns = 0;
    if (!keeper_runs || now < next_look) return {};
    const Watchdog::Verdict verdict = dog.look(now, std::vector<Sight>{thread});
    next_look = verdict.next_look;
    return verdict;
  }

  // Until it is said to hang, at most for `most`. How long that took; nothing where it was not.
  std::optional<nanoseconds> hang(Does what, milliseconds most) {
    const MonotonicTime began = now;
    while (now - began < most) {
      const Watchdog::Verdict verdict = step(what);
      if (verdict.hangs || verdict.stopped) return now - began;
    }
    return std::nullopt;
  }

  static State state_of(Does what) {
    switch (what) {
      case Does::Rest:
      case Does::Sleep:
        return State::Sleeping;
      case Does::Run:
      case Does::WaitForCpu:
        return State::Runnable;
      case Does::WaitForDisk:
        return State::Uninterruptible;
      case Does::Stop:
        return State::Stopped;
      case Does::Trace:
        return State::Traced;
    }
    return State::Unknown;
  }
};
using Does = Machine::Does;

Machine rested() {
  Machine machine;
  for (int i = 0; i < 600; ++i) machine.step(Does::Rest);
  machine.begin_turn();
  return machine;
}

TEST(Watchdog, FindsAThreadThatSpinsOrSleepsAfterExactlyTheTime) {
  for (const Does what : {Does::Run, Does::Sleep}) {
    Machine machine = rested();
    const auto took = machine.hang(what, milliseconds(3'000));
    ASSERT_TRUE(took);
    EXPECT_GE(*took, kHangMax);
    EXPECT_LE(*took, kHangMax + 2 * Watchdog::kPeriodMin);
  }
}

TEST(Watchdog, LetsAThreadRestAndTurnForEver) {
  Machine machine;
  EXPECT_FALSE(machine.hang(Does::Rest, milliseconds(10'000)));
  for (int turn = 0; turn < 100; ++turn) {
    machine.begin_turn();
    EXPECT_FALSE(machine.hang(Does::Run, milliseconds(990)));
  }
}

TEST(Watchdog, DoesNotCountTheTimeForWhichACpuIsMissing) {
  Machine machine = rested();
  EXPECT_FALSE(machine.hang(Does::WaitForCpu, milliseconds(20'000)));
  EXPECT_FALSE(machine.hang(Does::Run, milliseconds(900)));
  EXPECT_TRUE(machine.hang(Does::Run, milliseconds(500)));
}

TEST(Watchdog, CountsNothingButCpuTimeWhereTheMachineIsShared) {
  // Half a CPU: the kernel owns up to the wait.
  Machine machine = rested();
  for (int i = 0; i < 1'900; ++i) {
    EXPECT_FALSE(machine.step(i % 2 == 0 ? Does::Run : Does::WaitForCpu).hangs) << i;
  }
  EXPECT_TRUE(machine.hang(Does::Run, milliseconds(1'000)));
}

TEST(Watchdog, FindsAStoppedProcessAndNoneThatADebuggerHas) {
  Machine machine = rested();
  machine.step(Does::Rest);
  const auto took = machine.hang(Does::Stop, milliseconds(3'000));
  ASSERT_TRUE(took);
  EXPECT_LE(*took, kHangMax + Watchdog::kPeriodMax + 2 * Watchdog::kPeriodMin);

  Machine traced = rested();
  EXPECT_FALSE(traced.hang(Does::Trace, milliseconds(60'000)));
  // Let go, the turn has its whole time again.
  EXPECT_FALSE(traced.hang(Does::Run, milliseconds(900)));
}

TEST(Watchdog, ForgivesAStopThatEndsInTime) {
  Machine machine = rested();
  for (int round = 0; round < 10; ++round) {
    EXPECT_FALSE(machine.hang(Does::Stop, milliseconds(700)));
    EXPECT_FALSE(machine.hang(Does::Run, milliseconds(80)));
  }
}

TEST(Watchdog, GivesTenTimesAsLongToAThreadThatTheKernelKeeps) {
  Machine machine = rested();
  EXPECT_FALSE(machine.hang(Does::WaitForDisk, milliseconds(9'900)));
  EXPECT_TRUE(machine.hang(Does::WaitForDisk, milliseconds(200)));
}

TEST(Watchdog, FindsOutNothingFromALookThatComesMuchTooLate) {
  // The laptop slept, or the virtual machine was paused, in the middle of a turn.
  Machine machine = rested();
  EXPECT_FALSE(machine.hang(Does::Run, milliseconds(300)));
  machine.now += std::chrono::hours(8);
  EXPECT_FALSE(machine.hang(Does::Run, milliseconds(900)));
  EXPECT_TRUE(machine.hang(Does::Run, milliseconds(600)));
}

TEST(Watchdog, TakesOffByWhatItWasLateItself) {
  Machine machine = rested();
  EXPECT_FALSE(machine.hang(Does::Sleep, milliseconds(600)));
  for (int i = 0; i < 400; ++i) machine.step(Does::Sleep, false);
  // 1,000 ms have passed; up to 400 of them are not the thread's.
  EXPECT_FALSE(machine.step(Does::Sleep).hangs);
}

TEST(Watchdog, DecidesNothingOnWhatItCannotSee) {
  Machine machine = rested();
  Watchdog dog({.hang_max = kHangMax});
  Sight blind = machine.thread;
  blind.state = State::Unknown;
  for (int i = 0; i < 100; ++i) {
    machine.now += milliseconds(200);
    const auto verdict = dog.look(machine.now, std::vector<Sight>{blind});
    EXPECT_FALSE(verdict.hangs || verdict.stopped);
  }
}

TEST(Watchdog, BelievesNoTurnFromTheFutureOrFromBeforeTime) {
  for (const std::int64_t began : {INT64_MAX, INT64_MIN, std::int64_t{-1}, std::int64_t{1}}) {
    Machine machine;
    for (int i = 0; i < 300; ++i) machine.step(Does::Rest);
    machine.thread.turn_began_ns = began;
    EXPECT_FALSE(machine.hang(Does::Run, milliseconds(600))) << began;
  }
}

// A hundred machines: whatever happens to them, who is said to hang has stood for the time in one
// turn, of its own; and who stands for the time on a calm machine is found.
TEST(Watchdog, KillsNobodyForWhatTheMachineDid) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&](int most) {
      return static_cast<int>(std::uniform_int_distribution<int>(1, most)(random));
    };
    Machine machine;
    nanoseconds own{};  // Of this turn, by the machine's own account.
    int away = 0;       // Pauses of this turn that may have been mistaken for its own time.
    for (int stretch = 0; stretch < 60; ++stretch) {
      constexpr std::array kAll{Does::Rest,        Does::Run,  Does::WaitForCpu, Does::Sleep,
                                Does::WaitForDisk, Does::Stop, Does::Trace};
      const Does what = kAll[static_cast<std::size_t>(upto(static_cast<int>(kAll.size())) - 1)];
      if (upto(4) == 1 || (what != Does::Rest && machine.thread.turn_began_ns == 0)) {
        machine.begin_turn();
        own = {};
        away = 0;
      }
      const bool keeper_runs = upto(6) != 1;
      // What begins and ends between two looks is not seen.
      if (!keeper_runs || what == Does::Stop || what == Does::Trace) ++away;
      if (upto(10) == 1) {
        machine.now += milliseconds(upto(5'000));  // The machine was paused.
        ++away;
      }
      const int stretch_ms = what == Does::Stop ? upto(700) : upto(900);
      for (int i = 0; i < stretch_ms; ++i) {
        const bool counts = what == Does::Run || what == Does::Sleep || what == Does::WaitForDisk;
        if (counts) own += milliseconds(1);
        const Watchdog::Verdict verdict = machine.step(what, keeper_runs);
        if (what == Does::Rest) own = {};
        // Two stretches of stops may follow each other.
        if (verdict.hangs) {
          ASSERT_GE(own + away * Watchdog::kPeriodMax + milliseconds(1), kHangMax)
              << "seed " << seed << " stretch " << stretch;
          machine.begin_turn();
          own = {};
          away = 0;
        }
      }
    }
    machine.step(Does::Rest);
    for (int i = 0; i < 1'200; ++i) machine.step(Does::Rest);
    machine.begin_turn();
    ASSERT_TRUE(machine.hang(upto(2) == 1 ? Does::Run : Does::Sleep, milliseconds(1'300)))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace pear::keeper
