#include "base/log/json_line.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::log {
namespace {

std::string escaped(std::string_view text, std::size_t room = 4096) {
  std::vector<char> out(room);
  const std::size_t size = escape_json(text, out);
  return {out.data(), size};
}

TEST(EscapeJson, LeavesPrintableTextAlone) {
  EXPECT_EQ(escaped("GET /shop?item=1&x={[]}"), "GET /shop?item=1&x={[]}");
  EXPECT_EQ(escaped("Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8D\x90"),
            "Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8D\x90");
}

TEST(EscapeJson, EscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(escaped("a\"b\\c"), "a\\\"b\\\\c");
  EXPECT_EQ(escaped("\n\r\t"), "\\n\\r\\t");
  EXPECT_EQ(escaped(std::string_view("\0\x1b\x7f", 3)), "\\u0000\\u001b\\u007f");
}

TEST(EscapeJson, EscapesWhereverInAWordTheByteStands) {
  for (std::size_t place = 0; place < 24; ++place) {
    for (const char byte : {'"', '\\', '\n', '\x7f', '\x1f'}) {
      std::string text(24, 'x');
      text[place] = byte;
      std::string want(24, 'x');
      want.replace(place, 1, escaped(std::string(1, byte)));
      EXPECT_EQ(escaped(text), want) << place;
    }
  }
}

TEST(EscapeJson, EscapesTheC1ControlsThatTerminalsObey) {
  EXPECT_EQ(escaped("\xC2\x9B"), "\\u009b");
  EXPECT_EQ(escaped("\xC2\xA0"), "\xC2\xA0");
}

TEST(EscapeJson, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped("\xFF"), bad);
  EXPECT_EQ(escaped("\x80"), bad);
  EXPECT_EQ(escaped("\xC0\xAF"), bad + bad);                      // Overlong.
  EXPECT_EQ(escaped("\xED\xA0\x80"), bad + bad + bad);            // A surrogate.
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), bad + bad + bad + bad);  // Beyond U+10FFFF.
  EXPECT_EQ(escaped("\xE2\x82"), bad);                            // Cut short: one maximal part.
  EXPECT_EQ(escaped("\xE2\x82z"), bad + "z");
}

TEST(EscapeJson, CutsAtACharacterAndSaysSo) {
  EXPECT_EQ(escaped("abcdef", 6), "abcdef");
  EXPECT_EQ(escaped("abcdefg", 6), "abc\xE2\x80\xA6");
  EXPECT_EQ(escaped("abcdefghijklmnopqrstuvwxyz", 20), "abcdefghijklmnopq\xE2\x80\xA6");
  EXPECT_EQ(escaped("ab\x01\x01", 8), "ab\xE2\x80\xA6");
  EXPECT_EQ(escaped("abc", 2), "ab");
}

TEST(JsonLine, IsAnObjectOfItsFields) {
  std::array<char, 256> out{};
  JsonLine line(out);
  line.plain("level", "info");
  line.text("path", "/\"x", 100);
  line.number("n", 18'446'744'073'709'551'615U);
  line.signed_number("d", -5);
  line.truth("ok", true);

  EXPECT_EQ(
      std::string_view(out.data(), line.finish()),
      "{\"level\":\"info\",\"path\":\"/\\\"x\",\"n\":18446744073709551615,\"d\":-5,\"ok\":true}\n");
}

TEST(JsonLine, LeavesOutAFieldThatDoesNotFitAndStaysWhole) {
  std::array<char, 24> out{};
  JsonLine line(out);
  line.plain("a", "0123456789");
  line.plain("b", "0123456789");
  line.truth("c", true);

  EXPECT_EQ(std::string_view(out.data(), line.finish()), "{\"a\":\"0123456789\"}\n");
}

TEST(JsonLine, BoundsAText) {
  std::array<char, 256> out{};
  JsonLine line(out);
  line.text("t", std::string(100, 'x'), 10);

  EXPECT_EQ(std::string_view(out.data(), line.finish()), "{\"t\":\"xxxxxxx\xE2\x80\xA6\"}\n");
}

}  // namespace
}  // namespace pear::log
