// RequestTarget: what the request line (or :path) points at, taken apart.
//
// Source:  RFC 9112, section 3.2 (the four forms); RFC 3986, section 3. What is refused, and why:
//          - Bytes other than visible ASCII, and '#': a target has no fragment.
//          - A backslash in the path: some sites read it as '/'.
//          - '%' without two hex digits, and %00, in the path (as nginx does). In the query both
//          pass:
//            browsers send what was typed, and a query is opaque to everyone but the site.
//          - Other ASCII that RFC 3986 leaves out (" < > ^ ` { | }) passes: browsers and tools send
//          it.
//          - absolute-form: schemes other than http and https, userinfo, an empty host, a query
//          without
//            a path.
//          Dot segments and percent-encoded bytes are left as they are here; base/uri_path.h brings
//          a path to the form in which routes are compared and sites called.
// Thread:  any (pure).
#pragma once

#include <cstdint>
#include <string_view>

#include "http/authority.h"
#include "http/method.h"
#include "http/refusal.h"

namespace pear::http {

enum class TargetForm : std::uint8_t {
  Origin,     // "/path?query"
  Absolute,   // "http://host/path?query"
  Authority,  // "host:port", with CONNECT only
  Asterisk,   // "*", with OPTIONS only
};

struct PathAndQuery {
  std::string_view path;   // Starts with '/', or is "*".
  std::string_view query;  // Without the '?'.
  bool has_query = false;  // Tells "/a?" from "/a".

  bool operator==(const PathAndQuery&) const = default;
};

struct RequestTarget {
  TargetForm form = TargetForm::Origin;
  // Absolute-form only: "http" or "https", whatever the case on the wire.
  std::string_view scheme;
  // Absolute-form and authority-form only: as it came, and taken apart.
  std::string_view authority_text;
  Authority authority;
  // "/" where an absolute target has none ("*" for OPTIONS: RFC 9112, section 3.2.4); empty with
  // CONNECT.
  std::string_view path_with_query;
  PathAndQuery parts;
};

[[nodiscard]] Checked<RequestTarget> parse_request_target(Method method, std::string_view target);

// "/path?query", as in origin-form and in :path.
[[nodiscard]] Checked<PathAndQuery> parse_path_and_query(std::string_view text);
// The same without a copy of the outcome, for each request.
[[nodiscard]] Checked<void> parse_path_and_query(std::string_view text, PathAndQuery* parts);

}  // namespace pear::http
