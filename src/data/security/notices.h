// Notices: the log lines about clients that are refused, few enough that an attack does not become
// one on the log: one of each kind in a second, with the number of those that were left out.
//
// Thread: core-local, over the NoticeTimes of all cores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/log/logger.h"
#include "base/net/ip_address.h"
#include "data/exchange.h"
#include "data/security/notice_times.h"
#include "data/turn_time.h"
#include "model/refusals.h"

namespace pear::security {

class Notices {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    NoticeTimes& times;
    log::Logger& logger;
    const data::TurnTime& time;
  };
  explicit Notices(const Parts& parts) : parts_(parts) {}

  void connection_refused(model::ConnectionRefusal why, const net::IpAddress& client);
  void rate_limited(model::RequestLimit limit, const data::Exchange& exchange);
  // Idle connections were told to go, as there is hardly room for more, or no descriptor is left.
  struct Crowd {
    std::size_t open = 0;
    std::size_t max = 0;
    std::size_t retired = 0;
    bool by_descriptors = false;
  };
  void crowded(const Crowd& crowd);
  // The site is so far behind that new requests are not taken.
  void shed(const data::Exchange& exchange);
  // The request is ended, since too much is held for its client, or for all.
  void client_memory(const data::Exchange& exchange);
  // A head or trailers of a site that the client has said not to take: `bytes` of at most `limit`.
  void response_too_large(const data::Exchange& exchange, std::uint64_t bytes, std::uint64_t limit);
  // A client did what a well-behaved one does not. `place` tells the kinds apart: those of HTTP/2
  // from 0 on, those of HTTP/3 from 16 on, all below 24.
  struct Abuse {
    std::size_t place = 0;
    std::string_view kind;
    std::string_view protocol;
  };
  void abuse(const Abuse& abuse, const net::IpAddress& client);

 private:
  Parts parts_;
};

}  // namespace pear::security
