// JsonLine: writes one JSON object, one field after the other, into a buffer of fixed size.
//
// Text comes from clients and guests and is hostile. What goes out is always valid JSON in one line
// of printable text: quotes, backslashes and control characters (C0, DEL, C1) are escaped, and what
// is not UTF-8 becomes U+FFFD, one for each maximal part of a sequence.
//
// Source:  RFC 8259, section 7 (strings); the Unicode Standard, section 3.9 (U+FFFD substitution).
// Thread:  one thread.
// Memory:  the caller's buffer; no allocation. A field that does not fit is left out whole, so that
//          the line stays valid however small the buffer is (at least 2 bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pear::log {

// Escapes `text` into `out`, without quotes, and returns the bytes written. Text that does not fit
// ends in "…" (where that fits), never within a character or an escape.
[[nodiscard]] std::size_t escape_json(std::string_view text, std::span<char> out);

class JsonLine {
 public:
  // `out` must outlive the line.
  explicit JsonLine(std::span<char> out);

  // Keys are literals of Pear: plain letters, never escaped.
  // `bytes_max` bounds the escaped text; what is longer is cut and ends in "…".
  void text(std::string_view key, std::string_view value, std::size_t bytes_max);
  void number(std::string_view key, std::uint64_t value);
  void signed_number(std::string_view key, std::int64_t value);
  void truth(std::string_view key, bool value);
  // `value` is known to need no escape: a literal of Pear, or digits.
  void plain(std::string_view key, std::string_view value);

  // Ends the line with "}\n"; its length in bytes. Nothing may follow.
  [[nodiscard]] std::size_t finish();

 private:
  // Room for `value_bytes` and `"key":` in front of them; the place of the value, or null.
  [[nodiscard]] char* begin_field(std::string_view key, std::size_t value_bytes);

  std::span<char> out_;
  std::size_t size_ = 0;
};

}  // namespace pear::log
