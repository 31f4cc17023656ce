// Subject: whom or what a limit is about, as the hash under which it is found.
//
// Thread: pure.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/net/ip_address.h"
#include "data/security/keyed_hash.h"

namespace pear::security {

// One client: an IPv4 address, or the /64 of an IPv6 address, in which a client may choose freely.
[[nodiscard]] inline net::IpAddress client_of(const net::IpAddress& address) {
  return address.is_ipv4() ? address : address.masked(64);
}

struct Subject {
  std::uint8_t kind = 0;    // Of the limit.
  std::uint32_t site = 0;   // Where it is a site's,
  std::uint32_t route = 0;  // or a route's (below 2^24).
  net::IpAddress address;   // None: everybody.

  [[nodiscard]] std::uint64_t hash(const KeyedHash& hash) const {
    std::array<std::uint64_t, 3> words{std::uint64_t{kind} << 56U | std::uint64_t{route} << 32U |
                                       site};
    std::memcpy(&words[1], address.bytes().data(), sizeof(net::IpAddress::Bytes));
    return hash(words);
  }
};

}  // namespace pear::security
