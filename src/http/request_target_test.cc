#include "http/request_target.h"

#include <string_view>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using namespace std::string_view_literals;

TEST(RequestTarget, SplitsPathAndQuery) {
  EXPECT_EQ(parse_path_and_query("/"), (PathAndQuery{"/", "", false}));
  EXPECT_EQ(parse_path_and_query("/a?"), (PathAndQuery{"/a", "", true}));
  EXPECT_EQ(parse_path_and_query("/a%2Fb?c?d=/%zz"), (PathAndQuery{"/a%2Fb", "c?d=/%zz", true}));
  EXPECT_EQ(parse_path_and_query("//../a;b=c"), (PathAndQuery{"//../a;b=c", "", false}));
  EXPECT_EQ(parse_path_and_query("/{a}|^`\"<>?{\\}"), (PathAndQuery{"/{a}|^`\"<>", "{\\}", true}));
}

TEST(RequestTarget, RefusesPathsThatServersReadDifferently) {
  for (const std::string_view text :
       {""sv,       "a"sv,         "?a"sv,   "*"sv,      "/a b"sv,    "/a\tb"sv, "/a\0"sv,
        "/a\x7f"sv, "/\xc3\xa9"sv, "/a#b"sv, "/a?b#c"sv, "/a\\b"sv,   "/%"sv,    "/%2"sv,
        "/%2g"sv,   "/%g2"sv,      "/%00"sv, "/a?b c"sv, "/a?\xff"sv, "/%?41"sv}) {
    EXPECT_FALSE(parse_path_and_query(text)) << testing::PrintToString(text);
  }
}

TEST(RequestTarget, ReadsTheFourForms) {
  const auto origin = parse_request_target(Method::Get, "/a?b");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->form, TargetForm::Origin);
  EXPECT_EQ(origin->path_with_query, "/a?b");

  const auto absolute = parse_request_target(Method::Get, "HTTPS://a.test:8443/b?c");
  ASSERT_TRUE(absolute);
  EXPECT_EQ(absolute->form, TargetForm::Absolute);
  EXPECT_EQ(absolute->scheme, "https");
  EXPECT_EQ(absolute->authority_text, "a.test:8443");
  EXPECT_EQ(absolute->authority, (Authority{"a.test", 8443}));
  EXPECT_EQ(absolute->path_with_query, "/b?c");

  const auto authority = parse_request_target(Method::Connect, "a.test:443");
  ASSERT_TRUE(authority);
  EXPECT_EQ(authority->form, TargetForm::Authority);
  EXPECT_EQ(authority->path_with_query, "");

  const auto asterisk = parse_request_target(Method::Options, "*");
  ASSERT_TRUE(asterisk);
  EXPECT_EQ(asterisk->form, TargetForm::Asterisk);
  EXPECT_EQ(asterisk->parts.path, "*");
}

TEST(RequestTarget, GivesAbsoluteTargetsWithoutAPathOne) {
  EXPECT_EQ(parse_request_target(Method::Get, "http://a")->path_with_query, "/");
  EXPECT_EQ(parse_request_target(Method::Options, "http://a:1")->path_with_query, "*");
  EXPECT_FALSE(parse_request_target(Method::Get, "http://a?b"));
}

TEST(RequestTarget, RefusesOtherTargets) {
  for (const std::string_view text :
       {""sv, "*"sv, "a"sv, "a:80"sv, "ftp://a/"sv, "http:/a"sv, "http:///a"sv, "http://u@a/"sv,
        "http://u:p@a/"sv, "http://a b/"sv, "://a/"sv, "http://a:b/"sv}) {
    EXPECT_FALSE(parse_request_target(Method::Get, text)) << text;
  }
  for (const std::string_view text :
       {""sv, "/"sv, "*"sv, "a"sv, "a:"sv, "http://a:80/"sv, "a:80/"sv}) {
    EXPECT_FALSE(parse_request_target(Method::Connect, text)) << text;
  }
}

}  // namespace
}  // namespace pear::http
