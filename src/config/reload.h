// Reload: what of [server] a running server takes over from a configuration that was read again,
// and what has to wait for a new start. The schema says which keys are which.
//
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"

namespace pear::config {

// A key that has changed but needs a new start; both values as TOML.
struct PendingChange {
  std::string key;  // "server.cores"
  std::string in_force;
  std::string wanted;
};

struct ReloadedServer {
  ServerSettings settings;  // As wanted, but for what is pending: that is as it was.
  std::vector<PendingChange> pending;
};

[[nodiscard]] ReloadedServer reload_server(const ServerSettings& in_force,
                                           const ServerSettings& wanted);

// "is 2 and stays so until pear is started anew: 4 is for then".
[[nodiscard]] std::string to_text(const PendingChange& change);

}  // namespace pear::config
