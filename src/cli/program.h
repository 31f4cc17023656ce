// The program `pear`: takes a command line apart, answers --help and --version, and runs one
// command.
//
// Thread: main.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"

namespace pear::cli {

using AddCommand = std::function<void(Program&)>;

// Runs the command that `arguments` (without the program's name) choose among those that `commands`
// add. Returns the exit code. `version` is what --version prints, lines included.
[[nodiscard]] int run_program(const std::vector<std::string>& arguments, Terminal& terminal,
                              const std::string& version, const std::vector<AddCommand>& commands);

// SIGUSR1 and SIGUSR2, with which other servers are told to open their log again, end neither this
// process nor what it becomes by exec. First thing in main().
void ignore_user_signals();

// What --help prints for a command, or for the program where `app` has no parent.
[[nodiscard]] std::string help_text(const CLI::App& app, const Terminal& terminal);

}  // namespace pear::cli
