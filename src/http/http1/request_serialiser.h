// RequestSerialiser: writes request heads, for clients (`pear bench`, tests).
//
// As in serialiser.h the framing, the connection and Host are written from what is told, and fields
// of these names are left out.
//
// Source:  RFC 9112, sections 3 and 6.
// Thread:  any (pure).
// Memory:  no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/field.h"
#include "http/framing.h"
#include "http/http1/serialiser.h"

namespace pear::http1 {

// A request head to be written, as HTTP/1.1.
struct RequestToWrite {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::string_view authority;  // For Host.
  std::span<const http::Field> fields;
  http::Framing framing = http::Framing::None;  // Not UntilClose.
  std::uint64_t content_length = 0;             // With Framing::Length.
  Persistence persistence = Persistence::KeepAlive;
};

// Gives the size of the head; written if it is not longer than `out`.
//
// Errors: InvalidInput: a method that is no token, a malformed target or authority, and what
//         write_response_head says of fields.
[[nodiscard]] Result<std::size_t> write_request_head(const RequestToWrite& request,
                                                     std::span<char> out);

}  // namespace pear::http1
