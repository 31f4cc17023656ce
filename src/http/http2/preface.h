// The first bytes of a client on every HTTP/2 connection.
//
// Source: RFC 9113, section 3.4. Thread: any (immutable).
#pragma once

#include <string_view>

namespace pear::http2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace pear::http2
