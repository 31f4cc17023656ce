#include "keeper/exit_cause.h"

#include <cstring>

#include <fmt/format.h>

#include "keeper/exit_code.h"

namespace pear::keeper {

ExitCause exit_cause_of(const siginfo_t& status) {
  const bool exited = status.si_code == CLD_EXITED;
  return {.kind = exited ? ExitCause::Kind::Exited : ExitCause::Kind::Killed,
          .number = status.si_status};
}

int exit_code_of(const ExitCause& cause) {
  return cause.kind == ExitCause::Kind::Exited ? cause.number : exit_code_of_signal(cause.number);
}

std::string to_text(const ExitCause& cause) {
  if (cause.kind == ExitCause::Kind::Exited) return fmt::format("exit code {}", cause.number);
  const char* const name = ::sigabbrev_np(cause.number);
  return name == nullptr ? fmt::format("signal {}", cause.number) : fmt::format("SIG{}", name);
}

}  // namespace pear::keeper
