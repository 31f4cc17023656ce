// AdminSource: what the admin resources show and change. The control loop is the real one.
//
// Thread:  control thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "control/admin/site_standing.h"
#include "control/supervisor/supervisor.h"
#include "model/counters.h"

namespace pear::io::tls {
class ServerContexts;
}

namespace pear::admin {

// Borrowed; valid until the call that asked for it returns to the event loop.
struct AdminView {
  std::string_view version;
  MonotonicTime started_at{};
  MonotonicTime now{};
  bool draining = false;
  // Whether traffic may come: the start is over, some site is served, https is where it is wanted,
  // all cores turn, and nothing drains.
  bool ready = false;
  bool https_refused = false;  // Handshakes are, for want of a certificate.
  std::vector<SiteStanding> sites;
  const supervisor::Supervisor& supervisor;
  // By SiteId; null where no site ever had the id. Sites that are gone are still among them.
  std::span<const std::shared_ptr<model::SiteMetrics>> metrics;
  std::span<const model::CoreCounters* const> cores;      // By CoreId, never null.
  const io::tls::ServerContexts* certificates = nullptr;  // Those in force; null without any.
};

class AdminSource {
 public:
  virtual ~AdminSource() = default;

  [[nodiscard]] virtual AdminView view() const = 0;
  // Replaces all the cages of the site. False: there is no such site.
  [[nodiscard]] virtual bool restart_site(std::string_view name) = 0;
};

}  // namespace pear::admin
