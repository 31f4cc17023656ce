// `pear componentize`: wraps a core module into a component; for build scripts of other tools.
#pragma once

#include "cli/command.h"
#include "cli/engines.h"

namespace pear::cli {

// `engines` must outlive the program.
void add_componentize_command(Program& program, const Engines& engines);

}  // namespace pear::cli
