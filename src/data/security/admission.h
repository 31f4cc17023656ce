// Admission: whether a client may have another connection, whatever its protocol: the first thing
// that is asked, before TLS or HTTP cost anything.
//
// TCP connections ask when they are accepted, or when a trusted proxy has named the client; QUIC
// connections when a Retry, or the end of the handshake, has shown that the address is theirs.
// Trusted proxies are not limited: they bring the requests of many.
//
// Thread: core-local, over the SharedLimits of all cores.
#pragma once

#include <cstdint>
#include <optional>

#include "base/net/ip_address.h"
#include "base/net/ip_prefix.h"
#include "config/settings.h"
#include "data/security/notices.h"
#include "data/security/shared_limits.h"
#include "data/turn_time.h"
#include "model/counters.h"
#include "model/refusals.h"

namespace pear::security {

class Admission {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    const config::ServerSettings& settings;
    SharedLimits& limits;
    model::CoreCounters& counters;
    Notices& notices;
    const data::TurnTime& time;
  };
  explicit Admission(const Parts& parts)
      : parts_(parts), trusted_(parts.settings.trusted_proxies) {}

  // The settings have changed.
  void use_settings() { trusted_ = net::IpPrefixSet(parts_.settings.trusted_proxies); }

  // Whether a handshake comes before the first request, at a hundred times its cost.
  enum class Handshake : std::uint8_t { None, Comes };
  // The connection's place, to be kept as long as it is open; nothing where it must be closed,
  // which is counted and logged.
  [[nodiscard]] std::optional<CountedConnection> admit(const net::IpAddress& client,
                                                       Handshake handshake);
  // The whole server has as many connections as it may have.
  [[nodiscard]] bool is_full() const {
    return parts_.limits.total.open() >= parts_.limits.total.max();
  }
  [[nodiscard]] ConnectionTotal& total() { return parts_.limits.total; }
  [[nodiscard]] Notices& notices() { return parts_.notices; }
  // Closed for another reason than a limit; counted and logged.
  void refuse(model::ConnectionRefusal why, const net::IpAddress& client);

 private:
  [[nodiscard]] bool allows(const config::Rate& rate, model::ConnectionRefusal kind,
                            const net::IpAddress& client);

  Parts parts_;
  net::IpPrefixSet trusted_;
};

}  // namespace pear::security
