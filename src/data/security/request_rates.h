// RequestRates: whether a request is within the rates of its route and its site.
//
// Thread: core-local, over the SharedLimits of all cores.
#pragma once

#include <chrono>
#include <optional>

#include "config/settings.h"
#include "data/exchange.h"
#include "data/security/notices.h"
#include "data/security/shared_limits.h"
#include "data/turn_time.h"
#include "model/counters.h"
#include "model/refusals.h"

namespace pear::security {

class RequestRates {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    const config::ServerSettings& settings;
    SharedLimits& limits;
    model::CoreCounters& counters;
    Notices& notices;
    const data::TurnTime& time;
  };
  explicit RequestRates(const Parts& parts) : parts_(parts) {}

  // After how long the client may ask again, where it asks too often, which is counted in `site`
  // and logged; nothing where its request is within the rates.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> wait_for(const data::Exchange& exchange,
                                                                 model::SiteCounters& site);

 private:
  [[nodiscard]] net::IpAddress subject_of(model::RequestLimit limit,
                                          const net::IpAddress& client) const;

  Parts parts_;
};

}  // namespace pear::security
