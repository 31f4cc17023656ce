// `pear build`: makes the components of a project, and compiles them into the image cache, so that
// `pear up` starts at once.
#pragma once

#include "cli/command.h"
#include "cli/engines.h"

namespace pear::cli {

// `engines` must outlive the program.
void add_build_command(Program& program, const Engines& engines);

}  // namespace pear::cli
