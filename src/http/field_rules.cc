#include "http/field_rules.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace pear::http {
namespace {

// Bit 7 of each byte of the result: is that byte of `word` one of A to Z?
constexpr std::uint64_t upper_case_mask(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  const std::uint64_t low = word & (0x7fU * kOnes);
  const std::uint64_t at_least_a = low + (0x80U - 'A') * kOnes;
  const std::uint64_t above_z = low + (0x80U - 'Z' - 1) * kOnes;
  return at_least_a & ~above_z & ~word & (0x80U * kOnes);
}

template <typename Word>
void lower_two_words(char* first, char* last) {
  Word a = 0;
  Word b = 0;
  std::memcpy(&a, first, sizeof a);
  std::memcpy(&b, last, sizeof b);
  // 0x80 >> 2 is 0x20, the bit that tells upper from lower case.
  a = static_cast<Word>(a | (upper_case_mask(a) >> 2U));
  b = static_cast<Word>(b | (upper_case_mask(b) >> 2U));
  std::memcpy(first, &a, sizeof a);
  std::memcpy(last, &b, sizeof b);
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

void make_lower_case(std::span<char> text) {
  char* at = text.data();
  std::size_t left = text.size();
  for (; left > 16; at += 8, left -= 8) lower_two_words<std::uint64_t>(at, at);
  // Two words that overlap in the middle: to do a byte twice changes nothing.
  if (left >= 8) return lower_two_words<std::uint64_t>(at, at + left - 8);
  if (left >= 4) return lower_two_words<std::uint32_t>(at, at + left - 4);
  for (; left > 0; ++at, --left) *at = to_lower(*at);
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
  return std::ranges::find(kForbidden, lower_name) != kForbidden.end();
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

const Field* find_field(std::span<const Field> fields, std::string_view lower_name) {
  const auto found = std::ranges::find(fields, lower_name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace pear::http
