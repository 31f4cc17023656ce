#include "http/field_rules.h"

#include <algorithm>
#include <array>
#include <limits>

#include "http/request_field_rules.h"

namespace pear::http {
std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equals_lower(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return to_lower(a) == b; });
}

bool is_connection_specific(const Field& field) {
  switch (field.name.size()) {
    case 2:
      return field.name == "te" && !equals_lower(field.value, "trailers");
    case 7:
      return field.name == "upgrade";
    case 10:
      return field.name == "connection" || field.name == "keep-alive";
    case 16:
      return field.name == "proxy-connection";
    case 17:
      return field.name == "transfer-encoding";
    default:
      return false;
  }
}

bool is_framing_field(const Field& field) {
  return field.name == "content-length" || is_connection_specific(field);
}

bool is_forbidden_in_trailers(std::string_view lower_name) {
  static constexpr auto kForbidden = std::to_array<std::string_view>(
      {// Framing.
       "content-length", "transfer-encoding", "trailer",
       // Routing and the connection.
       "connection", "host", "keep-alive", "proxy-connection", "te", "upgrade",
       // Request modifiers and conditions.
       "cache-control", "expect", "if-match", "if-modified-since", "if-none-match", "if-range",
       "if-unmodified-since", "max-forwards", "pragma", "range",
       // Authentication and state.
       "authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie",
       "www-authenticate",
       // How the content is to be read.
       "content-encoding", "content-range", "content-type",
       // Control of the response.
       "age", "date", "expires", "location", "retry-after", "vary", "warning"});
  return std::ranges::find(kForbidden, lower_name) != kForbidden.end() ||
         request_field_rule(lower_name) != RequestFieldRule::Anybody;
}

Checked<std::uint64_t> parse_content_length(std::string_view value) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (value.empty()) return refuse(400, "empty Content-Length");
  std::uint64_t length = 0;
  for (const char byte : value) {
    if (!is_in(byte, CharacterClass::Digit)) return refuse(400, "Content-Length is not a number");
    const auto digit = static_cast<std::uint64_t>(byte - '0');
    if (length > (kMax - digit) / 10) return refuse(400, "Content-Length is out of range");
    length = length * 10 + digit;
  }
  return length;
}

bool ListElements::next(std::string_view* element) {
  if (ended_) return false;
  const std::size_t comma = rest_.find(',');
  *element = trim_blanks(rest_.substr(0, comma));
  ended_ = comma == std::string_view::npos;
  if (!ended_) rest_.remove_prefix(comma + 1);
  return true;
}

bool list_contains(std::string_view value, std::string_view lower_token) {
  ListElements elements(value);
  for (std::string_view element; elements.next(&element);) {
    if (equals_lower(element, lower_token)) return true;
  }
  return false;
}

bool is_named_by_connection(std::span<const Field> fields, std::string_view lower_name) {
  return std::ranges::any_of(fields, [lower_name](const Field& field) {
    return field.name == "connection" && list_contains(field.value, lower_name);
  });
}

const Field* find_field(std::span<const Field> fields, std::string_view lower_name) {
  const auto found = std::ranges::find(fields, lower_name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace pear::http
