// `pear watch`: serves a project, and builds and swaps it at each change.
#pragma once

#include "cli/command.h"
#include "cli/up.h"

namespace pear::cli {

// `surroundings` must outlive the program.
void add_watch_command(Program& program, const Surroundings& surroundings);

}  // namespace pear::cli
