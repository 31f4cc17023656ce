// Field rules: the one rule book of header and trailer fields, for every version of HTTP.
//
// Source: RFC 9110, sections 5 (fields), 6.5 (trailers), 7.6.1 (connection), 8.6 (Content-Length);
//         RFC 9113, section 8.2; RFC 9114, section 4.2.
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "http/character.h"
#include "http/field.h"
#include "http/lower_case.h"
#include "http/refusal.h"

namespace pear::http {

// One or more tchar.
[[nodiscard]] constexpr bool is_token(std::string_view text) {
  return !text.empty() && all_in(text, CharacterClass::Token);
}

// A name as HTTP/2 and HTTP/3 have it on the wire, and as Pear has it everywhere: a token without
// upper case letters.
[[nodiscard]] constexpr bool is_lower_token(std::string_view text) {
  return !text.empty() && all_in(text, CharacterClass::LowerToken);
}

// Visible characters, bytes from 0x80 on, and blanks that stand between them. No CR, LF, NUL or
// other control, and no blank at either end. May be empty.
[[nodiscard]] constexpr bool is_field_value(std::string_view text) {
  if (text.empty()) return true;
  return !is_blank(text.front()) && !is_blank(text.back()) &&
         all_in(text, CharacterClass::FieldValue);
}

// Without the blanks (SP, HTAB) at both ends.
[[nodiscard]] std::string_view trim_blanks(std::string_view text);

// `lower` must be in lower case already.
[[nodiscard]] bool equals_lower(std::string_view text, std::string_view lower);

// Whether the field is about this connection only, and therefore malformed in HTTP/2 and HTTP/3,
// and never passed on to a guest or to a client: Connection, Keep-Alive, Proxy-Connection,
// Transfer-Encoding, Upgrade, and TE unless it is exactly "trailers". The name is in lower case.
[[nodiscard]] bool is_connection_specific(const Field& field);

// Whether each protocol's own serialiser says in a response's head what this field would say, or
// must not say: Content-Length, and what is about the connection. The name is in lower case.
[[nodiscard]] bool is_framing_field(const Field& field);

// Whether a field of this (lower case) name must not stand in trailers, because it frames, routes,
// authenticates or changes how the content is read (RFC 9110, section 6.5.1), or because it is not
// the client's word (request_field_rules.h).
[[nodiscard]] bool is_forbidden_in_trailers(std::string_view lower_name);

// 1*DIGIT, at most 2^63-1. A list of values, even of equal ones, is refused: who sends one has been
// through a proxy that merged what it should have refused.
[[nodiscard]] Checked<std::uint64_t> parse_content_length(std::string_view value);

// The elements of a comma-separated list (RFC 9110, section 5.6.1), without the blanks around them.
// An element may be empty. Not for lists whose elements contain quoted strings.
//
//   ListElements elements(field.value);
//   for (std::string_view element; elements.next(&element);) …
class ListElements {
 public:
  explicit ListElements(std::string_view value) : rest_(value) {}
  // False when none is left.
  [[nodiscard]] bool next(std::string_view* element);

 private:
  std::string_view rest_;
  bool ended_ = false;
};

// Whether a comma-separated list contains the (lower case) token, in any case.
[[nodiscard]] bool list_contains(std::string_view value, std::string_view lower_token);

// Whether a Connection field names this (lower case) field, which is then about the connection too
// (RFC 9110, section 7.6.1).
[[nodiscard]] bool is_named_by_connection(std::span<const Field> fields,
                                          std::string_view lower_name);

// The value of the first field with this (lower case) name, or nullptr.
[[nodiscard]] const Field* find_field(std::span<const Field> fields, std::string_view lower_name);

}  // namespace pear::http
