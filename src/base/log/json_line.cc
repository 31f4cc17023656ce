#include "base/log/json_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/utf8.h"

namespace pear::log {
namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kPieceBytesMax = 6;                  // "\u001f"
constexpr std::string_view kEnd = "}\n";

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

// Whether the first eight bytes are printable ASCII that needs no escape.
bool plain_word(std::string_view text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data(), sizeof word);
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  const auto has_zero = [](std::uint64_t w) { return (w - kOnes) & ~w & kHigh; };
  const std::uint64_t below_space = (word - kOnes * 0x20U) & ~word & kHigh;
  const std::uint64_t quote = has_zero(word ^ (kOnes * '"'));
  const std::uint64_t backslash = has_zero(word ^ (kOnes * '\\'));
  const std::uint64_t del = has_zero(word ^ (kOnes * 0x7FU));
  return ((word & kHigh) | below_space | quote | backslash | del) == 0;
}

bool plain_byte(std::uint8_t byte) {
  return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

// One character of the input and what stands for it in the output.
struct Piece {
  std::size_t taken = 0;
  std::array<char, kPieceBytesMax> bytes{};
  std::size_t size = 0;
};

Piece piece_of(std::size_t taken, std::string_view bytes) {
  Piece piece{.taken = taken, .size = bytes.size()};
  std::ranges::copy(bytes, piece.bytes.begin());
  return piece;
}

Piece escaped(std::size_t taken, std::uint8_t code) {
  switch (code) {
    case '"':
      return piece_of(taken, "\\\"");
    case '\\':
      return piece_of(taken, "\\\\");
    case '\n':
      return piece_of(taken, "\\n");
    case '\r':
      return piece_of(taken, "\\r");
    case '\t':
      return piece_of(taken, "\\t");
    default:
      break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::array<char, 6> text{'\\', 'u', '0', '0', kHex[code >> 4U], kHex[code & 0xFU]};
  return piece_of(taken, std::string_view(text.data(), text.size()));
}

// The character that begins at text[0], which is not plain.
Piece next_piece(std::string_view text) {
  const std::uint8_t first = byte_at(text, 0);
  if (first < 0x80) return escaped(1, first);

  const base::Utf8Character character = base::utf8_character(text);
  if (!character.well_formed) return piece_of(character.size, kReplacement);
  if (base::begins_with_c1_control(text)) return escaped(2, byte_at(text, 1));
  return piece_of(character.size, text.substr(0, character.size));
}

}  // namespace

std::size_t escape_json(std::string_view text, std::span<char> out) {
  std::size_t size = 0;
  std::size_t cut = 0;  // The last place where the text may be cut and an ellipsis fits.
  while (!text.empty()) {
    if (text.size() >= 8 && out.size() - size >= 8 + kEllipsis.size() && plain_word(text)) {
      std::memcpy(out.data() + size, text.data(), 8);
      text.remove_prefix(8);
      size += 8;
      continue;
    }
    if (size + kEllipsis.size() <= out.size()) cut = size;
    const Piece piece =
        plain_byte(byte_at(text, 0)) ? piece_of(1, text.substr(0, 1)) : next_piece(text);
    if (piece.size > out.size() - size) {
      if (cut + kEllipsis.size() > out.size()) return size;  // Not even an ellipsis fits.
      std::ranges::copy(kEllipsis, out.begin() + static_cast<std::ptrdiff_t>(cut));
      return cut + kEllipsis.size();
    }
    std::memcpy(out.data() + size, piece.bytes.data(), piece.size);
    text.remove_prefix(piece.taken);
    size += piece.size;
  }
  return size;
}

JsonLine::JsonLine(std::span<char> out) : out_(out) {
  PEAR_ASSERT(out.size() > kEnd.size(), "not even an empty object fits");
  out_[size_++] = '{';
}

char* JsonLine::begin_field(std::string_view key, std::size_t value_bytes) {
  const std::size_t comma = size_ > 1 ? 1 : 0;
  const std::size_t needed = comma + 1 + key.size() + 2 + value_bytes + kEnd.size();
  if (needed > out_.size() - size_) return nullptr;
  char* place = out_.data() + size_;
  if (comma != 0) *place++ = ',';
  *place++ = '"';
  place = std::ranges::copy(key, place).out;
  *place++ = '"';
  *place++ = ':';
  return place;
}

void JsonLine::text(std::string_view key, std::string_view value, std::size_t bytes_max) {
  // Room for the text as it is, and no more than its bound; a text that escapes make longer is
  // measured by escape_json.
  const std::size_t room = std::min(bytes_max, value.size() * kPieceBytesMax);
  char* const place = begin_field(key, room + 2);
  if (place == nullptr) return;
  *place = '"';
  const std::size_t size = escape_json(value, std::span<char>(place + 1, room));
  place[1 + size] = '"';
  size_ = static_cast<std::size_t>(place + size + 2 - out_.data());
}

void JsonLine::number(std::string_view key, std::uint64_t value) {
  constexpr std::size_t kDigitsMax = 20;
  char* const place = begin_field(key, kDigitsMax);
  if (place == nullptr) return;
  size_ =
      static_cast<std::size_t>(std::to_chars(place, place + kDigitsMax, value).ptr - out_.data());
}

void JsonLine::signed_number(std::string_view key, std::int64_t value) {
  constexpr std::size_t kDigitsMax = 20;
  char* const place = begin_field(key, kDigitsMax);
  if (place == nullptr) return;
  size_ =
      static_cast<std::size_t>(std::to_chars(place, place + kDigitsMax, value).ptr - out_.data());
}

void JsonLine::truth(std::string_view key, bool value) {
  const std::string_view text = value ? "true" : "false";
  char* const place = begin_field(key, text.size());
  if (place == nullptr) return;
  size_ = static_cast<std::size_t>(std::ranges::copy(text, place).out - out_.data());
}

void JsonLine::plain(std::string_view key, std::string_view value) {
  char* place = begin_field(key, value.size() + 2);
  if (place == nullptr) return;
  *place++ = '"';
  place = std::ranges::copy(value, place).out;
  *place++ = '"';
  size_ = static_cast<std::size_t>(place - out_.data());
}

std::size_t JsonLine::finish() {
  std::ranges::copy(kEnd, out_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += kEnd.size();
  return size_;
}

}  // namespace pear::log
