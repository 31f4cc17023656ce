// Property: whatever the text and the room, what comes out is a valid JSON string of valid UTF-8
// without control characters, and a text that fits is not cut: it is the same with more room.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/log/json_line.h"

namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The bytes of the UTF-8 character at text[0]; 0 when there is none. Written by ranges of code
// points, apart from the table that the code under test uses.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint32_t first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2);
  if (first < 0xC0 || first >= 0xF8 || text.size() < length) return 0;
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return 0;
    code = (code << 6U) | (at(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code >= kLeast[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

void check(std::string_view text) {
  while (!text.empty()) {
    if (text[0] == '\\') {
      PEAR_ASSERT(text.size() >= 2, "an escape is cut");
      if (text[1] != 'u') {
        PEAR_ASSERT(std::string_view("\"\\nrt").find(text[1]) != std::string_view::npos, "escape");
        text.remove_prefix(2);
        continue;
      }
      PEAR_ASSERT(text.size() >= 6, "an escape is cut");
      for (std::size_t i = 2; i < 6; ++i) PEAR_ASSERT(is_hex(text[i]), "not hexadecimal");
      text.remove_prefix(6);
      continue;
    }
    const auto first = static_cast<std::uint8_t>(text[0]);
    PEAR_ASSERT(first >= 0x20 && first != '"' && first != 0x7F, "must be escaped");
    const std::size_t length = utf8_length(text);
    PEAR_ASSERT(length != 0, "not UTF-8");
    text.remove_prefix(length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  std::vector<char> narrow(data[0]);
  const std::string_view cut(narrow.data(), pear::log::escape_json(text, narrow));
  check(cut);

  std::vector<char> wide(text.size() * 6 + 8);
  const std::string_view whole(wide.data(), pear::log::escape_json(text, wide));
  check(whole);
  PEAR_ASSERT(whole.size() > narrow.size() || cut == whole, "cut although it fits");
  return 0;
}
