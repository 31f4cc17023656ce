// Child: a program that a command runs and waits for, such as a compiler.
//
// Thread: main.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "cli/text_file.h"
#include "keeper/exit_cause.h"

namespace pear::cli {

struct ChildCommand {
  std::vector<std::string> arguments;    // The first is looked up in PATH.
  std::filesystem::path folder;          // Where it runs; empty: here.
  std::vector<std::string> environment;  // "NAME=value", over this process's own.
};

// Runs it with this process's standard streams. The problem says why it could not be started.
[[nodiscard]] Told<keeper::ExitCause> run_child(const ChildCommand& command);

struct ChildOutput {
  keeper::ExitCause cause;
  std::string text;  // Standard output, at most 1 MiB of it.
};
// Runs it with standard error discarded.
[[nodiscard]] Told<ChildOutput> output_of(const ChildCommand& command);

// Starts it and does not wait: its process id.
enum class Group : std::uint8_t { Shared, Own };  // Own: a Ctrl-C does not reach it.
[[nodiscard]] Told<pid_t> start_child(const ChildCommand& command, Group group);

}  // namespace pear::cli
