// RequestHead: the head of a request, checked and taken apart, the same for every version of HTTP.
//
// Source: RFC 9110, sections 6 and 7; RFC 9112, section 3; RFC 9113, section 8.3.
// Thread: a value.
// Memory: borrows everything from the buffer that the head was received in and from the storage for
//         fields that the parser was given; both must outlive it, unmoved.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/field.h"
#include "http/framing.h"
#include "http/method.h"
#include "http/request_target.h"

namespace pear::http {

// What a head may take. Past a limit: 414 for the first, 431 for the others.
struct HeadLimits {
  std::uint32_t request_line_max = 8 * 1024;  // Bytes, without the line's end.
  std::uint32_t header_max = 32 * 1024;       // Bytes of the whole head, and again of the trailers.
  std::uint32_t fields_max = 100;             // Of the head, and again of the trailers.
};

struct RequestHead {
  Method method = Method::Get;
  std::string_view method_text;

  Version version = Version::Http11;
  TargetForm target_form = TargetForm::Origin;
  std::string_view target;  // As on the wire.
  // "http" or "https" where the target names one (absolute-form, :scheme), else empty.
  std::string_view scheme;

  // Host and port in lower case; from the target where that has them, else from Host. Empty only
  // for HTTP/1.0 without Host.
  std::string_view authority;
  std::string_view host;  // IPv6 with its brackets.
  std::optional<std::uint16_t> port;

  std::string_view path_with_query;  // What a guest gets. Empty with CONNECT.
  std::string_view path;             // Starts with '/', or is "*".
  std::string_view query;            // Without '?'.
  bool has_query = false;

  // In the order of the wire, names in lower case. Fields that are about the connection are still
  // among them: request_field_rules.h and is_named_by_connection() tell which not to pass on.
  std::span<const Field> fields;

  Framing framing = Framing::None;   // None, Length or Chunked.
  std::uint64_t content_length = 0;  // With Framing::Length.

  bool keep_alive = true;        // The client wants the connection to last (HTTP/1 only).
  bool expect_continue = false;  // It waits for 100 (Continue) before it sends the body.
  bool names_fields = false;     // Connection may name fields: is_named_by_connection() tells.
  bool upgrade_asked = false;    // It offers to change the protocol. May be ignored, and is.
};

}  // namespace pear::http
