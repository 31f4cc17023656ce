#include <cstdlib>

#include "cli/engines.h"

namespace pear::cli {

std::filesystem::path cache_folder(const std::filesystem::path& configured) {
  if (!configured.empty()) return configured;
  // Read on the main thread, while nothing changes the environment.
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
  };
  // The XDG Base Directory Specification: a relative path counts as absent.
  if (auto xdg = variable("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "pear";
  if (auto home = variable("HOME"); home.is_absolute()) return home / ".cache" / "pear";
  return {};
}

}  // namespace pear::cli
