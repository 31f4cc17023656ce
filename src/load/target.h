// Target: what a load run is aimed at, read from a URL.
//
// Source: RFC 3986, section 3, and RFC 9110, section 4.2. Stricter than they ask: no user name, no
//         fragment, no byte that would have to be encoded first.
// Thread: values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pear::load {

enum class Scheme : std::uint8_t { Http, Https };

struct Target {
  Scheme scheme = Scheme::Http;
  std::string host;  // As written, an IPv6 address without its brackets.
  std::uint16_t port = 80;
  std::string authority;   // For the Host field: as written, brackets and port included.
  std::string path = "/";  // Path and query, ready for the request line.
  bool operator==(const Target&) const = default;
};

// Reads "http://HOST[:PORT][/PATH][?QUERY]", or https with port 443.
// Errors: InvalidInput.
[[nodiscard]] Result<Target> parse_target(std::string_view url);

// Where connections go instead: what the URL says stays in requests, SNI and certificates. An empty
// host or a port of 0 stands for any (in `from`), or for the URL's own (in `to`).
struct Detour {
  struct Place {
    std::string host;  // An IPv6 address without its brackets.
    std::uint16_t port = 0;
    bool operator==(const Place&) const = default;
  };
  Place from;
  Place to;
  bool operator==(const Detour&) const = default;
};

// Reads "HOST:PORT:TO_HOST:TO_PORT", each of which may be empty, as curl's --connect-to.
// Errors: InvalidInput.
[[nodiscard]] Result<Detour> parse_detour(std::string_view text);

// Where the first of the detours that is meant for the target leads, or the target itself.
[[nodiscard]] Detour::Place place_of(const Target& target, std::span<const Detour> detours);

}  // namespace pear::load
