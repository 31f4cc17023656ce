// Target: what a load run is aimed at, read from a URL.
//
// Source: RFC 3986, section 3, and RFC 9110, section 4.2. Stricter than they ask: no user name, no
//         fragment, no byte that would have to be encoded first.
// Thread: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pear::load {

struct Target {
  std::string host;  // As written, an IPv6 address without its brackets.
  std::uint16_t port = 80;
  std::string authority;   // For the Host field: as written, brackets and port included.
  std::string path = "/";  // Path and query, ready for the request line.
  bool operator==(const Target&) const = default;
};

// Reads "http://HOST[:PORT][/PATH][?QUERY]". Any scheme but http is refused: the load generator
// speaks HTTP/1.1 in clear text (client_protocol.h is the place for more).
// Errors: InvalidInput.
[[nodiscard]] Result<Target> parse_target(std::string_view url);

}  // namespace pear::load
