// `pear build`: makes the components of a project, and compiles them into the image cache, so that
// `pear up` starts at once.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/engines.h"
#include "config/load.h"

namespace pear::cli {

// `engines` must outlive the program.
void add_build_command(Program& program, const Engines& engines);

// Builds the sites whose component is not there (Missing), or all of them. Shows what it does. The
// first that fails ends it.
enum class Which : std::uint8_t { Missing, All };
[[nodiscard]] ExitCode build_sites(const config::LoadResult& loaded, Which which,
                                   const Engines& engines, const Terminal& terminal);

}  // namespace pear::cli
