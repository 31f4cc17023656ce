// `pear validate`: shows the settings in force, or everything that is wrong with them.
#pragma once

#include "cli/command.h"

namespace pear::cli {

void add_validate_command(Program& program);

}  // namespace pear::cli
