// ExitCause: how a child process ended, as the kernel reports it.
//
// Thread: values.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>

namespace pear::keeper {

struct ExitCause {
  enum class Kind : std::uint8_t { Exited, Killed };
  Kind kind = Kind::Exited;
  int number = 0;  // The exit code, or the signal.

  bool operator==(const ExitCause&) const = default;
};

// Of what waitid(2) filled in.
[[nodiscard]] ExitCause exit_cause_of(const siginfo_t& status);
// What a shell would show: 128 + signal for a process that a signal ended.
[[nodiscard]] int exit_code_of(const ExitCause& cause);
// "exit code 3", "SIGSEGV", "signal 34".
[[nodiscard]] std::string to_text(const ExitCause& cause);

}  // namespace pear::keeper
