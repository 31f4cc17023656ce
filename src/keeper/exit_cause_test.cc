#include "keeper/exit_cause.h"

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

TEST(ExitCause, NamesSignalsAndCountsThemAsShellsDo) {
  const ExitCause crash{.kind = ExitCause::Kind::Killed, .number = SIGSEGV};

  EXPECT_EQ(to_text(crash), "SIGSEGV");
  EXPECT_EQ(exit_code_of(crash), 139);
  EXPECT_EQ(to_text(ExitCause{.kind = ExitCause::Kind::Killed, .number = 63}), "signal 63");
}

TEST(ExitCause, PassesExitCodesOn) {
  const ExitCause refused{.kind = ExitCause::Kind::Exited, .number = 3};

  EXPECT_EQ(to_text(refused), "exit code 3");
  EXPECT_EQ(exit_code_of(refused), 3);
}

TEST(ExitCause, TellsADumpedCoreFromAnExit) {
  siginfo_t status{};
  status.si_code = CLD_DUMPED;
  status.si_status = SIGABRT;

  EXPECT_EQ(exit_cause_of(status), (ExitCause{.kind = ExitCause::Kind::Killed, .number = SIGABRT}));
}

}  // namespace
}  // namespace pear::keeper
