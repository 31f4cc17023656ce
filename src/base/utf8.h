// utf8_character: the first character of a text that may be anything.
//
// Source: RFC 3629, section 4 (no overlong forms, no surrogates, nothing above U+10FFFF); the
// Unicode standard, section 3.9, for what one replacement character stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pear::base {

struct Utf8Character {
  // Bytes of it; of what is malformed, the most that could begin a character, at least 1.
  std::size_t size = 0;
  bool well_formed = false;
};

namespace utf8_detail {

// What a first byte promises: the length of its sequence and the range of the second byte.
struct Lead {
  std::size_t length = 0;  // 0: no sequence begins so.
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {.length = 1};
  if (byte >= 0xC2 && byte <= 0xDF) return {.length = 2};
  if (byte == 0xE0) return {.length = 3, .second_min = 0xA0};
  if (byte == 0xED) return {.length = 3, .second_max = 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {.length = 3};
  if (byte == 0xF0) return {.length = 4, .second_min = 0x90};
  if (byte >= 0xF1 && byte <= 0xF3) return {.length = 4};
  if (byte == 0xF4) return {.length = 4, .second_max = 0x8F};
  return {};
}

}  // namespace utf8_detail

// `text` is not empty.
constexpr Utf8Character utf8_character(std::string_view text) {
  const utf8_detail::Lead lead = utf8_detail::lead_of(static_cast<std::uint8_t>(text[0]));
  std::size_t size = 1;
  for (; size < lead.length && size < text.size(); ++size) {
    const auto byte = static_cast<std::uint8_t>(text[size]);
    const std::uint8_t min = size == 1 ? lead.second_min : std::uint8_t{0x80};
    const std::uint8_t max = size == 1 ? lead.second_max : std::uint8_t{0xBF};
    if (byte < min || byte > max) break;
  }
  return {.size = size, .well_formed = size == lead.length};
}

constexpr bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character character = utf8_character(text);
    if (!character.well_formed) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

// A control character of the second block (U+0080 to U+009F): some terminals obey them.
constexpr bool begins_with_c1_control(std::string_view text) {
  return text.size() >= 2 && text[0] == '\xC2' && static_cast<std::uint8_t>(text[1]) >= 0x80 &&
         static_cast<std::uint8_t>(text[1]) < 0xA0;
}

}  // namespace pear::base
