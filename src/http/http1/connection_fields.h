// ConnectionFields: what the fields of an HTTP/1 head say about the connection and the framing.
//
// The same for requests and responses; what they make of it differs, and stands in their parsers.
//
// Source:  RFC 9110, sections 7.2, 7.6.1, 7.8, 8.6 and 10.1.1; RFC 9112, sections 6.1 to 6.3
// and 9.3.
//          Stricter: a second Content-Length, Transfer-Encoding or Host field is refused even when
//          it says the same.
// Thread:  core-local.
#pragma once

#include <cstdint>
#include <span>

#include "http/field.h"
#include "http/refusal.h"

namespace pear::http1 {

// Each field of a request is compared with all the names that Connection has.
inline constexpr std::uint32_t kConnectionNamesMax = 32;

struct ConnectionFields {
  // The first field of that name; null without one. Borrowed from the head's storage for fields.
  const http::Field* host = nullptr;
  const http::Field* content_length = nullptr;
  const http::Field* transfer_encoding = nullptr;
  bool close = false;            // Connection: close
  bool keep_alive = false;       // Connection: keep-alive
  bool expect_continue = false;  // Expect: 100-continue
  bool expect_other = false;     // Any other expectation.
  bool upgrade = false;          // There is an Upgrade field.
  std::uint32_t names = 0;       // Other elements of Connection: names of fields.
};

// Adds to `found`, which starts empty. Names are in lower case. Refused: a second field where there
// may be only one, a Connection field that is not a list of tokens or has more than
// kConnectionNamesMax.
[[nodiscard]] http::Checked<void> read_connection_fields(std::span<const http::Field> fields,
                                                         ConnectionFields* found);

// Checks that the value is exactly "chunked" (in any case), the one coding that Pear speaks.
// Refused: with 501 a list of codings that are not all known; with 400 what is no list, and where
// chunked comes twice or not last.
[[nodiscard]] http::Checked<void> check_transfer_encoding(std::string_view value);

}  // namespace pear::http1
