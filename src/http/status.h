// Status codes: their reason phrases, and what they say about the body.
//
// Source: RFC 9110, section 15; the IANA registry of HTTP status codes.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <optional>
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

// What a response that Pear sends says of its content, whoever made it and whatever the version of
// HTTP: clients end a stream, or a connection, over a response that has what its status forbids.
struct ResponseContent {
  bool follows = false;                 // Else whatever its maker wrote is dropped.
  std::optional<std::uint64_t> length;  // For the Content-Length; nothing: the head has none.
};

// `said`: the length that the response's maker says it has. `complete`: that of the whole content,
// where it is known and no trailers follow it.
//
//   1xx, 204, 304   no content, no Content-Length (RFC 9110, section 8.6; a 304 may have one, but
//   it
//                   is worth nothing, and clients that wait for such a body exist)
//   205             no content, and a length of 0, so that HTTP/1.1 sees its end (section 15.3.6)
//   HEAD            no content; the length only if its maker says it: it is that of a GET
[[nodiscard]] constexpr ResponseContent content_of(std::uint16_t status, Method method,
                                                   std::optional<std::uint64_t> said,
                                                   std::optional<std::uint64_t> complete) {
  if (status == 205) return {.follows = false, .length = 0};
  const bool is_head = method == Method::Head;
  if (!has_body(status, is_head ? Method::Get : method)) return {};
  if (is_head) return {.follows = false, .length = said};
  return {.follows = true, .length = said ? said : complete};
}

}  // namespace pear::http
