// /livez and /readyz.
#include <string>

#include "control/admin/resources.h"

namespace pear::admin {

Answer get_livez() {
  return {.body = "live\n"};
}

Answer get_readyz(const AdminView& view) {
  std::string why;
  if (view.draining) why += "draining\n";
  if (view.https_refused) why += "https: no certificate can be used, handshakes are refused\n";
  for (const SiteStanding& site : view.sites) {
    if (site.served()) continue;
    why.append("site ").append(site.name).append(": ").append(name(site.state));
    if (!site.reason.empty()) why.append(": ").append(site.reason);
    why += '\n';
  }
  for (std::size_t core = 0; core < view.cores.size(); ++core) {
    if (!view.supervisor.core_silent(CoreId{static_cast<std::uint16_t>(core)})) continue;
    why += "core " + std::to_string(core) + ": its loop stands still\n";
  }
  if (view.ready) return {.body = "ready\n" + why};
  if (why.empty()) why = "starting\n";
  return {.status = 503, .body = std::move(why)};
}

}  // namespace pear::admin
