// `pear up`: serves a project behind the keeper; and `pear serve`, the server process that it
// starts.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/engines.h"
#include "cli/site_options.h"
#include "keeper/inheritance.h"

namespace pear::cli {

// What the program was born with, for the commands that serve.
struct Surroundings {
  const Engines& engines;
  const keeper::Inheritance& inherited;
  // This program, for the processes that it starts: `pear serve`, `pear build`, `pear up`.
  std::string program = "/proc/self/exe";
};

// Makes the components of the project that are not there, in a process of its own: compiling leaves
// threads behind, and the keeper must have none, or its signals would reach these. Its exit code.
[[nodiscard]] int build_missing(const SiteOptions& site, const Surroundings& surroundings,
                                const Terminal& terminal);

// Both must outlive the program.
void add_up_command(Program& program, const Surroundings& surroundings);
void add_serve_command(Program& program, const Surroundings& surroundings);

}  // namespace pear::cli
