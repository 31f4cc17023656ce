// `pear up`: serves a project behind the keeper; and `pear serve`, the server process that it
// starts.
#pragma once

#include "cli/command.h"
#include "cli/engines.h"
#include "keeper/inheritance.h"

namespace pear::cli {

// What the program was born with, for the commands that serve.
struct Surroundings {
  const Engines& engines;
  const keeper::Inheritance& inherited;
};

// Both must outlive the program.
void add_up_command(Program& program, const Surroundings& surroundings);
void add_serve_command(Program& program, const Surroundings& surroundings);

}  // namespace pear::cli
