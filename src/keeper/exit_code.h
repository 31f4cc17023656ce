// ExitCode: how `pear` says with a number how it ended. Shown to users in `pear help`.
//
// The server process ends with the same numbers, and the keeper passes them on: this is the one
// list. A process that a signal ended counts as 128 + signal, as shells have it (130 Ctrl-C, 143
// SIGTERM).
#pragma once

#include <cstdint>

namespace pear::keeper {

enum class ExitCode : std::uint8_t {
  Ok = 0,
  Failure = 1,       // It could not be done; the message says why.
  Usage = 2,         // The command line or the configuration is wrong. Nothing was started.
  CannotListen = 3,  // An address is taken, forbidden, or not of this machine.
  BadImage = 4,      // A component is missing, damaged, or not a wasi:http component.
};

[[nodiscard]] constexpr int to_int(ExitCode code) {
  return static_cast<int>(code);
}
[[nodiscard]] constexpr int exit_code_of_signal(int signal) {
  return 128 + signal;
}

}  // namespace pear::keeper
