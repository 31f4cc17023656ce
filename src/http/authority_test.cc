#include "http/authority.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using namespace std::string_view_literals;

TEST(Authority, SplitsHostAndPort) {
  EXPECT_EQ(parse_authority("example.com"), (Authority{"example.com", std::nullopt}));
  EXPECT_EQ(parse_authority("Example.com:8080"), (Authority{"Example.com", 8080}));
  EXPECT_EQ(parse_authority("127.0.0.1:1"), (Authority{"127.0.0.1", 1}));
  EXPECT_EQ(parse_authority("[::1]"), (Authority{"[::1]", std::nullopt}));
  EXPECT_EQ(parse_authority("[2001:db8::1]:443"), (Authority{"[2001:db8::1]", 443}));
  EXPECT_EQ(parse_authority("a_b-c.d~"), (Authority{"a_b-c.d~", std::nullopt}));
  EXPECT_EQ(parse_authority("a:"), (Authority{"a", std::nullopt}));
  EXPECT_EQ(parse_authority("a:65535"), (Authority{"a", 65535}));
}

TEST(Authority, RefusesWhatNoHostInUseLooksLike) {
  for (const std::string_view text :
       {""sv,     ":80"sv,   "a:65536"sv,  "a:123456"sv, "a:80:80"sv,
        "a:-1"sv, "a:8 0"sv, "a b"sv,      "a,b"sv,      "a@b"sv,
        "a/b"sv,  "a?b"sv,   "a#b"sv,      "a%41"sv,     "[::1"sv,
        "::1"sv,  "[]"sv,    "[::1]x"sv,   "[v1.a]"sv,   "[fe80::1%25eth0]"sv,
        "a\0"sv,  "a\r\n"sv, "\xc3\xa9"sv, "a\\b"sv,     "[1.2.3.4]"sv}) {
    const auto parsed = parse_authority(text);
    ASSERT_FALSE(parsed) << testing::PrintToString(text);
    EXPECT_EQ(parsed.error().status, 400);
  }
}

TEST(Authority, HoldsTheLimitOfNames) {
  EXPECT_TRUE(parse_authority(std::string(255, 'a')));
  EXPECT_FALSE(parse_authority(std::string(256, 'a')));
}

TEST(Authority, KnowsIpv6Addresses) {
  for (const std::string_view text :
       {"::"sv, "::1"sv, "1::"sv, "1:2:3:4:5:6:7:8"sv, "1:2:3:4:5:6:7::"sv, "::2:3:4:5:6:7:8"sv,
        "2001:DB8::ffff"sv, "::ffff:192.0.2.1"sv, "1:2:3:4:5:6:192.0.2.1"sv,
        "64:ff9b::192.0.2.33"sv}) {
    EXPECT_TRUE(is_ipv6_address(text)) << text;
  }
  for (const std::string_view text :
       {""sv, ":"sv, ":::"sv, "1"sv, "1:2:3:4:5:6:7"sv, "1:2:3:4:5:6:7:8:9"sv, "1::2::3"sv,
        "12345::"sv, "g::"sv, "1:2:3:4:5:6:7:8::"sv, "::1:2:3:4:5:6:7:8"sv, ":1::2"sv, "1::2:"sv,
        "::1.2.3"sv, "::1.2.3.256"sv, "::1.2.3.04"sv, "1.2.3.4::"sv, "::1.2.3.4:1"sv,
        "1:2:3:4:5:6:7:1.2.3.4"sv}) {
    EXPECT_FALSE(is_ipv6_address(text)) << text;
  }
}

}  // namespace
}  // namespace pear::http
