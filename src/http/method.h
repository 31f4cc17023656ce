// Method: what a request asks for.
//
// Source: RFC 9110, section 9; RFC 5789 (PATCH). Names are case-sensitive tokens: "get" is a valid
//         method, but not GET.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <string_view>

namespace pear::http {

enum class Method : std::uint8_t {
  Get,
  Head,
  Post,
  Put,
  Delete,
  Connect,
  Options,
  Trace,
  Patch,
  Other,  // Any other token. Its text says which.
};

// Longer ones are answered 501 (RFC 9112, section 3: longer than any that is implemented). The
// longest registered one, UPDATEREDIRECTREF, has 17 bytes.
inline constexpr std::size_t kMethodBytesMax = 32;

// `text` is a token; this does not check it (is_token of field_rules.h does).
[[nodiscard]] Method method_of(std::string_view text);

// As on the wire. Empty for Other.
[[nodiscard]] std::string_view method_name(Method method);

// Safe: asks for no change of state (RFC 9110, section 9.2.1).
[[nodiscard]] constexpr bool is_safe(Method method) {
  return method == Method::Get || method == Method::Head || method == Method::Options ||
         method == Method::Trace;
}

// Idempotent: asking twice is asking once (RFC 9110, section 9.2.2).
[[nodiscard]] constexpr bool is_idempotent(Method method) {
  return is_safe(method) || method == Method::Put || method == Method::Delete;
}

}  // namespace pear::http
