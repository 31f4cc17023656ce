// `pear status` and `pear restart`: look at a running Pear, and put new cages into a site.
#pragma once

#include "cli/command.h"

namespace pear::cli {

void add_status_command(Program& program);
void add_restart_command(Program& program);

}  // namespace pear::cli
