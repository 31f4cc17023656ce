#include "keeper/death.h"

#include <csignal>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using base::SiteKey;
using Kind = Death::Kind;
using MemoryKills = DeathSigns::MemoryKills;

constexpr SiteKey kHung{1};
constexpr SiteKey kCrashed{2};
constexpr SiteKey kLargest{3};

// Everybody could be to blame.
DeathSigns signs(ExitCause cause) {
  return {.cause = cause,
          .hung_for = kHung,
          .crashed_for = kCrashed,
          .largest = kLargest,
          .memory_kills = MemoryKills::None};
}
constexpr ExitCause killed(int signal) {
  return {.kind = ExitCause::Kind::Killed, .number = signal};
}

TEST(Death, OfASignalBlamesTheSiteOfTheThreadThatCrashed) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    EXPECT_EQ(judge(signs(killed(signal))), (Death{.kind = Kind::Crashed, .blamed = kCrashed}));
  }
}

TEST(Death, OfSigkillFromOutsideBlamesNobody) {
  EXPECT_EQ(judge(signs(killed(SIGKILL))), (Death{.kind = Kind::Outside}));
}

TEST(Death, ForWantOfMemoryBlamesTheLargest) {
  DeathSigns memory = signs(killed(SIGKILL));
  memory.memory_kills = MemoryKills::Some;
  EXPECT_EQ(judge(memory), (Death{.kind = Kind::Memory, .blamed = kLargest}));
}

TEST(Death, OfAHangBlamesTheSiteOfTheThreadThatStood) {
  DeathSigns hang = signs(killed(SIGKILL));
  hang.hung = true;
  hang.memory_kills = MemoryKills::Some;
  EXPECT_EQ(judge(hang), (Death{.kind = Kind::Hung, .blamed = kHung}));
}

TEST(Death, OfAStopBlamesNobody) {
  DeathSigns stop = signs(killed(SIGKILL));
  stop.stopped = true;
  EXPECT_EQ(judge(stop), (Death{.kind = Kind::Stopped}));
}

TEST(Death, OfSigkillIsNobodysWhereTheMachineDoesNotTellWhose) {
  DeathSigns unknown = signs(killed(SIGKILL));
  unknown.memory_kills = MemoryKills::Unknown;
  EXPECT_EQ(judge(unknown), (Death{.kind = Kind::Unknown}));
}

TEST(Death, ByItselfIsNobodysFault) {
  EXPECT_EQ(judge(signs({.kind = ExitCause::Kind::Exited, .number = 1})),
            (Death{.kind = Kind::Ended}));
}

}  // namespace
}  // namespace pear::keeper
