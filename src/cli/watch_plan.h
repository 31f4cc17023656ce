// WatchPlan: what a changed file means for `pear watch`.
//
// Thread: any (pure, but for the names of folders).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "config/settings.h"

namespace pear::cli {

enum class Reaction : std::uint8_t {
  None,
  Reload,  // The server reads its configuration and components again.
  Build,   // A component is made anew, then the same.
};

// What `path`, which was written or removed, asks for. A file that a build itself writes, the
// component, asks for no build.
[[nodiscard]] Reaction reaction_to(const std::filesystem::path& path,
                                   const config::Settings& settings);

// The folders that hold all that matters, none inside another.
[[nodiscard]] std::vector<std::filesystem::path> folders_to_watch(const config::Settings& settings);

}  // namespace pear::cli
