// Forwarded: whom a request is from, where proxies that are trusted have brought it.
//
// Each proxy adds the address that it saw to the end of a list. So the list is read from its end:
// the first address that is not a trusted proxy itself is the client's; what stands before it is
// only what that client says. Whoever is named where no address can be read ("unknown", "_hidden",
// rubbish) ends the reading: then the client is the proxy that said so.
//
// Source: RFC 7239 (Forwarded), sections 4 to 6; X-Forwarded-For and X-Forwarded-Proto have no
//         standard: addresses with or without a port, brackets round IPv6 with one.
// Deviation: an element with a backslash in a quoted string is not read; no proxy writes one.
// Thread: pure. No allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/net/ip_address.h"
#include "base/net/ip_prefix.h"
#include "http/field.h"

namespace pear::http {

inline constexpr std::string_view kForwarded = "forwarded";
inline constexpr std::string_view kXForwardedFor = "x-forwarded-for";
inline constexpr std::string_view kXForwardedProto = "x-forwarded-proto";

// A longer chain of trusted proxies is not followed: its 32nd is the client.
inline constexpr std::size_t kForwardingHopsMax = 32;

// Which of the two lists is believed. Either: the one that is there; of two that name different
// clients none, since one of them came from the client and went past the proxy.
enum class BelievedField : std::uint8_t { Either, XForwardedFor, Forwarded };

struct ForwardedClient {
  net::IpAddress address;           // The peer's own, where nobody else is named.
  std::string_view scheme;          // "http" or "https", a literal; empty where it is not said.
  bool by_x_forwarded_for = false;  // Its list was believed.
  bool by_forwarded = false;
};

// `peer` is one of `trusted`. Names of fields are in lower case.
[[nodiscard]] ForwardedClient forwarded_client(std::span<const Field> fields,
                                               const net::IpAddress& peer,
                                               const net::IpPrefixSet& trusted,
                                               BelievedField believed);

}  // namespace pear::http
