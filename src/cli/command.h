// The shape of a command: one file a command, each with one function that adds it to the program.
//
//   bench.h    namespace pear::cli { void add_bench_command(Program& program); }
//   bench.cc   struct BenchOptions { std::string url; ... };
//              int run(const BenchOptions& options, Terminal& terminal) { ... return
//              to_int(ExitCode::Ok); } void add_bench_command(Program& program) {
//                auto [app, options] = add_command<BenchOptions>(
//                    program, {.name = "bench", .summary = "...", .examples = "  pear bench
//                    ...\n"}, run);
//                app.add_option("URL", options.url, "...")->required();
//              }
//
// Parsing only fills the options; the command runs afterwards, outside of CLI11.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/terminal.h"
#include "keeper/exit_code.h"

namespace pear::cli {

using keeper::ExitCode;
using keeper::to_int;

// What `pear help NAME` shows besides the options.
struct CommandText {
  const char* name = "";
  const char* summary = "";      // One line, for the list of commands: starts with a verb, no dot.
  const char* description = "";  // More, under the usage line.
  const char* examples = "";     // Lines indented by two, each a command that works.
  enum class Audience { Person, Machine } audience = Audience::Person;  // Machine: not listed.
};

struct Program {
  CLI::App& app;
  Terminal& terminal;
  std::function<int()> chosen;  // Set by parsing: runs the command, returns the exit code.
};

template <typename Options>
struct AddedCommand {
  CLI::App& app;
  Options& options;  // Lives as long as the program.
};

// Adds a bare subcommand; what add_command builds on.
CLI::App& add_subcommand(Program& program, const CommandText& text);

template <typename Options>
AddedCommand<Options> add_command(Program& program, const CommandText& text,
                                  int (*run)(const Options&, Terminal&)) {
  const auto options = std::make_shared<Options>();
  CLI::App& app = add_subcommand(program, text);
  app.callback([&program, options, run] {
    program.chosen = [&program, options, run] { return run(*options, program.terminal); };
  });
  return {.app = app, .options = *options};
}

}  // namespace pear::cli
