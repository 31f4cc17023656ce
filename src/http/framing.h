// Framing: how the end of a message's body is found.
//
// Source: RFC 9112, section 6.
// Thread: a value.
#pragma once

#include <cstdint>

namespace pear::http {

enum class Framing : std::uint8_t {
  None,        // There is no body.
  Length,      // Content-Length bytes, maybe none.
  Chunked,     // HTTP/1.1 chunks. In HTTP/2 and HTTP/3: the stream's own end, length unknown.
  UntilClose,  // The end of the connection. Responses only.
};

// Whether a body follows the head of a request.
enum class RequestBody : std::uint8_t { None, Follows };

enum class Version : std::uint8_t { Http10, Http11, Http2, Http3 };

}  // namespace pear::http
