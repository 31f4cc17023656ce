// `pear new`: writes a site to start from.
#pragma once

#include "cli/command.h"

namespace pear::cli {

void add_new_command(Program& program);

}  // namespace pear::cli
