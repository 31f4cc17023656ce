// `pear trust`: makes this machine believe the certificates of projects in development.
#pragma once

#include "cli/command.h"

namespace pear::cli {

void add_trust_command(Program& program);

}  // namespace pear::cli
