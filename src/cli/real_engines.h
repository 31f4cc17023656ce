// The real engines and the real server, for main.cc.
//
// Thread: as engines.h says.
#pragma once

#include <string>

#include "cli/engines.h"

namespace pear::cli {

[[nodiscard]] Engines real_engines();

// What --version prints.
[[nodiscard]] std::string version_text();

}  // namespace pear::cli
