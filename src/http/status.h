// Status codes: their reason phrases, and what they say about the body.
//
// Source: RFC 9110, section 15; the IANA registry of HTTP status codes.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <string_view>

#include "http/method.h"

namespace pear::http {

// "OK" for 200. Empty for a code that is not registered.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

// 1xx: another head follows.
[[nodiscard]] constexpr bool is_interim(std::uint16_t status) {
  return status >= 100 && status < 200;
}

// Whether a response with this status to this method is followed by a body at all, be it an empty
// one (RFC 9112, section 6.3, rules 1 and 2).
[[nodiscard]] constexpr bool has_body(std::uint16_t status, Method method) {
  if (is_interim(status) || status == 204 || status == 304) return false;
  if (method == Method::Connect && status >= 200 && status < 300) return false;
  return method != Method::Head;
}

}  // namespace pear::http
