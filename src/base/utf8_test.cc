#include "base/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

using namespace std::string_view_literals;

std::string encode(std::uint32_t code, std::size_t length) {
  if (length == 1) return {static_cast<char>(code)};
  std::string out(length, '\0');
  for (std::size_t i = length; i-- > 1; code >>= 6U)
    out[i] = static_cast<char>(0x80U | (code & 0x3FU));
  out[0] = static_cast<char>((0xF00U >> length) | code);
  return out;
}

std::size_t length_of(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST(Utf8, TakesEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
    const std::string text = encode(code, length_of(code));
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    const Utf8Character character = utf8_character(text);
    ASSERT_EQ(character.well_formed, !surrogate) << code;
    ASSERT_TRUE(surrogate || character.size == text.size()) << code;
  }
}

TEST(Utf8, TakesNoOverlongForm) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    for (std::size_t length = length_of(code) + 1; length <= 4; ++length) {
      ASSERT_FALSE(is_utf8(encode(code, length))) << code << " in " << length;
    }
  }
}

TEST(Utf8, TakesNothingAboveTheLastCode) {
  EXPECT_FALSE(is_utf8(encode(0x110000, 4)));
  EXPECT_FALSE(is_utf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xFF"));
}

TEST(Utf8, OfWhatIsMalformedGivesTheMostThatCouldBeginACharacter) {
  EXPECT_EQ(utf8_character("\x80z").size, 1U);
  EXPECT_EQ(utf8_character("\xE2\x82z").size, 2U);
  EXPECT_EQ(utf8_character("\xE2\x82").size, 2U);
  EXPECT_EQ(utf8_character("\xF0\x9F\x8Dz").size, 3U);
  EXPECT_EQ(utf8_character("\xE0\x80\x80").size, 1U);
  EXPECT_EQ(utf8_character("\xC3").size, 1U);
}

TEST(Utf8, KnowsC1Controls) {
  EXPECT_TRUE(begins_with_c1_control("\xC2\x9Bm"));
  EXPECT_FALSE(begins_with_c1_control("\xC2\xA0"));
  EXPECT_FALSE(begins_with_c1_control("\xC2"));
  EXPECT_FALSE(begins_with_c1_control(""));
}

TEST(Utf8, AnEmptyTextIsWellFormed) {
  EXPECT_TRUE(is_utf8(""sv));
}

}  // namespace
}  // namespace pear::base
