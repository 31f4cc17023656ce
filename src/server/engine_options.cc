#include "server/engine_options.h"

#include <algorithm>
#include <cstdint>

#include <sys/resource.h>

namespace pear::server {
namespace {

// Of the process's descriptors; the others are for connections, and for the server itself.
std::uint32_t files_of_guests() {
  constexpr rlim_t kMax = 1'000'000;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;  // Never: the call is right.
  return static_cast<std::uint32_t>(std::min(limit.rlim_cur, kMax) / 4);
}

}  // namespace

engine::EngineOptions engine_options(const config::Settings& settings) {
  engine::EngineOptions options{.instances_max = settings.server.instances_max,
                                .files_max = files_of_guests()};
  // Of the sites that are here; those that a reload may bring have at least the default.
  for (const config::SiteSettings& site : settings.sites) {
    options.memory_max = std::max(options.memory_max, site.limits.memory);
  }
  return options;
}

}  // namespace pear::server
