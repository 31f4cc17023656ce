// /livez and /readyz.
#include <string>

#include "control/admin/resources.h"

namespace pear::admin {

Answer get_livez() {
  return {.body = "live\n"};
}

Answer get_readyz(const AdminView& view) {
  if (view.ready) return {.body = "ready\n"};
  std::string why;
  if (view.draining) why += "draining\n";
  for (const auto& [id, site] : view.supervisor.sites()) {
    if (!site->ready()) why.append("site ").append(site->name()).append(": no cage is running\n");
  }
  for (std::size_t core = 0; core < view.cores.size(); ++core) {
    if (!view.supervisor.core_silent(CoreId{static_cast<std::uint16_t>(core)})) continue;
    why += "core " + std::to_string(core) + ": its loop stands still\n";
  }
  if (why.empty()) why = "starting\n";
  return {.status = 503, .body = std::move(why)};
}

}  // namespace pear::admin
