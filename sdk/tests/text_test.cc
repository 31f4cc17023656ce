#include "pear/text.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(PercentDecoding, TakesHexadecimalOfEitherCase) {
  EXPECT_EQ(percent_decoded("a%20b%2Fc%2fd", Plus::IsItself), "a b/c/d");
}

TEST(PercentDecoding, LeavesAPercentThatStartsNoEscape) {
  EXPECT_EQ(percent_decoded("%", Plus::IsItself), "%");
  EXPECT_EQ(percent_decoded("%4", Plus::IsItself), "%4");
  EXPECT_EQ(percent_decoded("%4x%x4%", Plus::IsItself), "%4x%x4%");
  EXPECT_EQ(percent_decoded("%%41", Plus::IsItself), "%A");
}

TEST(PercentDecoding, DecodesOnce) {
  EXPECT_EQ(percent_decoded("%2541", Plus::IsItself), "%41");
}

TEST(PercentDecoding, KeepsNulAndBytesThatAreNotUtf8) {
  EXPECT_EQ(percent_decoded("%00%ff", Plus::IsItself), std::string("\0\xff", 2));
}

TEST(PercentDecoding, TakesPlusForASpaceOnlyWhereAsked) {
  EXPECT_EQ(percent_decoded("a+b", Plus::IsSpace), "a b");
  EXPECT_EQ(percent_decoded("a+b", Plus::IsItself), "a+b");
  EXPECT_EQ(percent_decoded("a%2Bb", Plus::IsSpace), "a+b");
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a b/?&=+%\xC3\xA4"), "a%20b%2F%3F%26%3D%2B%25%C3%A4");
}

TEST(HtmlEscaping, EscapesWhatCouldEndATextOrAnAttribute) {
  EXPECT_EQ(html_escaped("<a href=\"x\">'&amp;"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;");
  EXPECT_EQ(html_escaped(""), "");
  EXPECT_EQ(html_escaped("plain"), "plain");
}

TEST(JsonEscaping, EscapesQuotesBackslashesAndControls) {
  EXPECT_EQ(json_of("a\"b\\c\n\r\t\x01\x1f\x7f"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\\u007f\"");
}

TEST(JsonEscaping, IsSafeInsideAScriptElement) {
  EXPECT_EQ(json_of("</script>&"), "\"\\u003c/script\\u003e\\u0026\"");
}

TEST(JsonEscaping, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(json_of("\xC3\xA4\xF0\x9F\x8D\x90"), "\"\xC3\xA4\xF0\x9F\x8D\x90\"");
  EXPECT_EQ(json_of("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(json_of("\xC3"), "\"\xEF\xBF\xBD\"");
}

TEST(Utf8, TakesTheFirstAndTheLastOfEachLength) {
  EXPECT_EQ(utf8_length(std::string_view("\0", 1)), 1U);
  EXPECT_EQ(utf8_length("\x7F"), 1U);
  EXPECT_EQ(utf8_length("\xC2\x80"), 2U);
  EXPECT_EQ(utf8_length("\xDF\xBF"), 2U);
  EXPECT_EQ(utf8_length("\xE0\xA0\x80"), 3U);
  EXPECT_EQ(utf8_length("\xEF\xBF\xBF"), 3U);
  EXPECT_EQ(utf8_length("\xF0\x90\x80\x80"), 4U);
  EXPECT_EQ(utf8_length("\xF4\x8F\xBF\xBF"), 4U);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsBeyondUnicode) {
  for (const char* bad : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC2", "\xE1\x80", "\xC2\x41"}) {
    EXPECT_EQ(utf8_length(bad), 0U) << bad;
  }
  EXPECT_EQ(utf8_length(""), 0U);
}

TEST(Text, ComparesIgnoringTheCaseOfAsciiOnly) {
  EXPECT_TRUE(equal_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equal_ignoring_case("content-type", "content-typ"));
  EXPECT_FALSE(equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(Text, TrimsSpacesAndTabs) {
  EXPECT_EQ(trimmed(" \t a b \t"), "a b");
  EXPECT_EQ(trimmed(" \t "), "");
}

TEST(Text, TakesUntilTheSeparatorOrTheEnd) {
  std::string_view rest = "a;b";
  EXPECT_EQ(take_until(rest, ';'), "a");
  EXPECT_EQ(take_until(rest, ';'), "b");
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace pear
