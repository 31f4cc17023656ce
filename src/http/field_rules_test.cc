#include "http/field_rules.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using namespace std::string_view_literals;

TEST(FieldRules, KnowTokens) {
  EXPECT_TRUE(is_token("Content-Length"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const std::string_view text :
       {""sv, "a b"sv, "a:"sv, "a\t"sv, "\"a\""sv, "a/b"sv, "{a}"sv, "\xc3\xa9"sv, "a\0"sv}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
  EXPECT_TRUE(is_lower_token("content-length"));
  EXPECT_FALSE(is_lower_token("Content-length"));
}

TEST(FieldRules, KnowValues) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a b\tc"));
  EXPECT_TRUE(is_field_value("\xc3\xa9"));
  for (const std::string_view text :
       {" a"sv, "a "sv, "\ta"sv, "a\rb"sv, "a\nb"sv, "a\0b"sv, "\x1b"sv, "\x7f"sv}) {
    EXPECT_FALSE(is_field_value(text)) << testing::PrintToString(text);
  }
}

TEST(FieldRules, MakeLowerCaseOfAsciiLettersOnlyAtEveryLength) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (int c = 0; c < 256; ++c) {
      const char byte = static_cast<char>(c);
      std::string text(length, byte);
      text += "END";
      make_lower_case(std::span(text).first(length));
      ASSERT_EQ(text, std::string(length, to_lower(byte)) + "END") << length << ' ' << c;
    }
  }
  std::string mixed = "ContENT-length@[`{Z";
  make_lower_case(mixed);
  EXPECT_EQ(mixed, "content-length@[`{z");
}

TEST(FieldRules, NameTheFieldsThatAreAboutTheConnection) {
  for (const std::string_view name :
       {"connection"sv, "keep-alive"sv, "proxy-connection"sv, "transfer-encoding"sv, "upgrade"sv}) {
    EXPECT_TRUE(is_connection_specific({name, "x"})) << name;
  }
  EXPECT_TRUE(is_connection_specific({"te", "gzip"}));
  EXPECT_TRUE(is_connection_specific({"te", "trailers, gzip"}));
  EXPECT_FALSE(is_connection_specific({"te", "Trailers"}));
  EXPECT_FALSE(is_connection_specific({"content-length", "1"}));
  EXPECT_FALSE(is_connection_specific({"host", "a"}));
}

TEST(FieldRules, KeepWhatFramesRoutesAndAuthenticatesOutOfTrailers) {
  for (const std::string_view name :
       {"content-length"sv, "transfer-encoding"sv, "host"sv, "authorization"sv, "cookie"sv,
        "set-cookie"sv, "content-type"sv, "trailer"sv, "expect"sv}) {
    EXPECT_TRUE(is_forbidden_in_trailers(name)) << name;
  }
  for (const std::string_view name : {"x-forwarded-for", "x_real_ip", "client-cert", "pear-x"}) {
    EXPECT_TRUE(is_forbidden_in_trailers(name)) << name;
  }
  EXPECT_FALSE(is_forbidden_in_trailers("server-timing"));
  EXPECT_FALSE(is_forbidden_in_trailers("grpc-status"));
  EXPECT_FALSE(is_forbidden_in_trailers("content-digest"));
}

TEST(FieldRules, ReadLengthsUpToTheLargest) {
  EXPECT_EQ(parse_content_length("0"), 0U);
  EXPECT_EQ(parse_content_length("007"), 7U);
  EXPECT_EQ(parse_content_length("9223372036854775807"), 9'223'372'036'854'775'807U);
  for (const std::string_view text :
       {""sv, "9223372036854775808"sv, "18446744073709551616"sv, "-1"sv, "+1"sv, "1,1"sv, "1 "sv,
        " 1"sv, "0x1"sv, "1.0"sv, "99999999999999999999999999"sv}) {
    const auto length = parse_content_length(text);
    ASSERT_FALSE(length) << text;
    EXPECT_EQ(length.error().status, 400);
  }
}

TEST(FieldRules, TakeListsApart) {
  std::vector<std::string_view> found;
  ListElements elements(" a,\tb ,, c d,");
  for (std::string_view element; elements.next(&element);) found.push_back(element);

  EXPECT_EQ(found, (std::vector<std::string_view>{"a", "b", "", "c d", ""}));
  EXPECT_TRUE(list_contains("gzip, BR", "br"));
  EXPECT_FALSE(list_contains("gzip, brx", "br"));
}

TEST(FieldRules, KnowTheFieldsThatConnectionNames) {
  const std::array fields = {Field{"a", "b"}, Field{"connection", "close, X-Hop"},
                             Field{"connection", ",te"}};

  EXPECT_TRUE(is_named_by_connection(fields, "x-hop"));
  EXPECT_TRUE(is_named_by_connection(fields, "te"));
  EXPECT_FALSE(is_named_by_connection(fields, "b"));
  EXPECT_FALSE(is_named_by_connection(fields, "hop"));
}

TEST(FieldRules, FindTheFirstFieldOfAName) {
  const std::array fields = {Field{"a", "1"}, Field{"b", "2"}, Field{"b", "3"}};

  EXPECT_EQ(find_field(fields, "b")->value, "2");
  EXPECT_EQ(find_field(fields, "c"), nullptr);
}

}  // namespace
}  // namespace pear::http
