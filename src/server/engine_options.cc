#include "server/engine_options.h"

#include <algorithm>

namespace pear::server {

engine::EngineOptions engine_options(const config::Settings& settings) {
  engine::EngineOptions options{.instances_max = settings.server.instances_max};
  // Of the sites that are here; those that a reload may bring have at least the default.
  for (const config::SiteSettings& site : settings.sites) {
    options.memory_max = std::max(options.memory_max, site.limits.memory);
  }
  return options;
}

}  // namespace pear::server
