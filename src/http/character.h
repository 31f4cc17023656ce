// Classes of characters, as tables that are made at compile time. All HTTP protocols share them.
//
// Source: RFC 9110, sections 5.5 (field values) and 5.6.2 (tokens); RFC 3986, section 2.
// Thread: any (immutable).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace pear::http {

// What a byte may be part of. A byte is in as many classes as it has bits.
enum class CharacterClass : std::uint8_t {
  Token = 1U << 0U,       // tchar.
  LowerToken = 1U << 1U,  // tchar without A to Z: names in HTTP/2 and HTTP/3.
  FieldValue = 1U << 2U,  // HTAB, SP, VCHAR, obs-text.
  Target = 1U << 3U,      // VCHAR, but no '#': what a request target may consist of at all.
  PathPlain =
      1U << 4U,        // As Target, without what ends or needs a look in a path: ? % and backslash.
  RegName = 1U << 5U,  // Letters, digits, - . _ ~: what a host name consists of.
  Hex = 1U << 6U,
  Digit = 1U << 7U,
};

namespace character_detail {

constexpr bool is_alpha(unsigned c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr std::uint8_t classes_of(unsigned c) {
  const auto bit = [](CharacterClass which, bool in) {
    return in ? static_cast<unsigned>(which) : 0U;
  };
  const bool digit = c >= '0' && c <= '9';
  const bool visible = c >= 0x21 && c <= 0x7e;
  const bool token =
      is_alpha(c) || digit ||
      (visible && std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c)));
  const bool upper = c >= 'A' && c <= 'Z';
  const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  const bool target = visible && c != '#';
  const bool plain = target && c != '?' && c != '%' && c != '\\';
  const bool reg_name = is_alpha(c) || digit || c == '-' || c == '.' || c == '_' || c == '~';
  return static_cast<std::uint8_t>(
      bit(CharacterClass::Token, token) | bit(CharacterClass::LowerToken, token && !upper) |
      bit(CharacterClass::FieldValue, c == '\t' || (c >= 0x20 && c != 0x7f)) |
      bit(CharacterClass::Target, target) | bit(CharacterClass::PathPlain, plain) |
      bit(CharacterClass::RegName, reg_name) | bit(CharacterClass::Hex, hex) |
      bit(CharacterClass::Digit, digit));
}

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = classes_of(c);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

}  // namespace character_detail

[[nodiscard]] constexpr bool is_in(char byte, CharacterClass which) {
  return (character_detail::kClasses[static_cast<unsigned char>(byte)] &
          static_cast<unsigned>(which)) != 0;
}

// Whether every byte is in the class. True of nothing at all.
[[nodiscard]] constexpr bool all_in(std::string_view text, CharacterClass which) {
  return std::ranges::all_of(text, [which](char byte) { return is_in(byte, which); });
}

// Of ASCII letters only; every other byte stays what it is.
[[nodiscard]] constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

// The value of a hex digit, or -1.
[[nodiscard]] constexpr int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

[[nodiscard]] constexpr bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

static_assert(is_in('!', CharacterClass::Token) && !is_in(':', CharacterClass::Token));
static_assert(is_in('\t', CharacterClass::FieldValue) && !is_in('\0', CharacterClass::FieldValue));
static_assert(is_in('\xff', CharacterClass::FieldValue) && !is_in('\xff', CharacterClass::Target));
static_assert(!is_in('\x7f', CharacterClass::FieldValue) && !is_in('\x7f', CharacterClass::Target));

}  // namespace pear::http
