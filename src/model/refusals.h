// Refusals: what Pear refuses to whom asks too much, by kind. The names are the metrics' and the
// log's.
//
// Thread: values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pear::model {

// A rate of requests that was met, in the order in which they are asked: the narrowest first, so
// that a client that is refused takes nothing of what all share.
enum class RequestLimit : std::uint8_t {
  RouteAddress,
  SiteAddress,
  RoutePrefix,
  SitePrefix,
  RouteTotal,
  SiteTotal,
};
inline constexpr std::array<std::string_view, 6> kRequestLimits{
    "route_address", "site_address", "route_prefix", "site_prefix", "route_total", "site_total"};

// Why a connection was closed before it was served.
enum class ConnectionRefusal : std::uint8_t {
  TooMany,        // http.connections_per_address_max
  Rate,           // rate_limit.connections_per_address
  HandshakeRate,  // rate_limit.handshakes_per_address
  ProxyHeader,    // A trusted proxy sent no header of the PROXY protocol, or a malformed one.
};
inline constexpr std::array<std::string_view, 4> kConnectionRefusals{
    "too_many", "rate", "handshake_rate", "proxy_header"};

[[nodiscard]] constexpr std::string_view label(RequestLimit limit) {
  return kRequestLimits[std::to_underlying(limit)];
}
[[nodiscard]] constexpr std::string_view label(ConnectionRefusal refusal) {
  return kConnectionRefusals[std::to_underlying(refusal)];
}

}  // namespace pear::model
