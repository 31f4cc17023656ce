// Authority: the host and port that a request is for.
//
//   host [ ":" port ]        from Host, :authority, or an absolute request target
//
// Source:  RFC 3986, section 3.2; RFC 9110, sections 4.2 and 7.2. Stricter than the grammar of
// URIs, as
//          everything that no name in use needs is a way to make two parsers disagree: a name
//          consists of letters, digits and - . _ ~ (no sub-delims such as the comma of two merged
//          Host fields, no percent-encoding), there is no userinfo (RFC 9110, section 4.2.4), no
//          IPvFuture, no zone.
// Thread:  any (pure).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/refusal.h"

namespace pear::http {

struct Authority {
  std::string_view host;              // Never empty. IPv6 with its brackets.
  std::optional<std::uint16_t> port;  // Not set for "host" and for "host:".

  bool operator==(const Authority&) const = default;
};

// Views into `text`; case is left as it is. An empty host is refused (RFC 9110, section 4.2.1).
[[nodiscard]] Checked<Authority> parse_authority(std::string_view text);
// The same without a copy of the outcome, for each request.
[[nodiscard]] Checked<void> parse_authority(std::string_view text, Authority* authority);

// Whether `text` is an IPv6 address without brackets and zone (RFC 4291, section 2.2).
[[nodiscard]] bool is_ipv6_address(std::string_view text);

}  // namespace pear::http
