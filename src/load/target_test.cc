#include "load/target.h"

#include <array>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

TEST(Target, ReadsHostPortAndPathWithItsQuery) {
  const auto target = parse_target("http://127.0.0.1:3000/a/b?c=d");

  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(
      *target,
      (Target{
          .host = "127.0.0.1", .port = 3000, .authority = "127.0.0.1:3000", .path = "/a/b?c=d"}));
}

TEST(Target, FillsInPortAndPathThatAreNotWritten) {
  EXPECT_EQ(parse_target("http://localhost")->port, 80);
  EXPECT_EQ(parse_target("http://localhost")->path, "/");
  EXPECT_EQ(parse_target("http://localhost?x")->path, "/?x");
}

TEST(Target, KeepsTheBracketsOfAnIpv6AddressInTheAuthorityOnly) {
  const auto target = parse_target("http://[::1]:8080/");

  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->host, "::1");
  EXPECT_EQ(target->authority, "[::1]:8080");
  EXPECT_EQ(target->port, 8080);
}

class TargetRejects : public testing::TestWithParam<const char*> {};

TEST_P(TargetRejects, WhatIsNoHttpUrl) {
  const auto target = parse_target(GetParam());

  ASSERT_FALSE(target.has_value());
  EXPECT_EQ(target.error().kind, ErrorKind::InvalidInput);
}

INSTANTIATE_TEST_SUITE_P(Spellings, TargetRejects,
                         testing::Values("", "127.0.0.1:3000", "ftp://127.0.0.1/", "http://",
                                         "https://", "http:///path", "http://h:0/",
                                         "http://h:65536/", "http://h:/", "http://h:1x/",
                                         "http://user@h/", "http://[::1/", "http://[::1]x/",
                                         "http://[]/", "http://h/a b", "http://h/a#b",
                                         "http://h/a\r\nX: y", "http://h/\xc3\xa4"));

TEST(Target, ReadsHttpsWithItsOwnPort) {
  const auto target = parse_target("https://shop.example/a");

  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->scheme, Scheme::Https);
  EXPECT_EQ(target->port, 443);
  EXPECT_EQ(target->authority, "shop.example");
  EXPECT_EQ(parse_target("https://shop.example:8443/")->port, 8443);
}

Detour::Place place_by(const char* url, const char* detour) {
  const std::array<Detour, 1> detours{*parse_detour(detour)};
  return place_of(*parse_target(url), detours);
}

TEST(Detour, LeadsTheTargetThatItIsMeantForToAnotherPlace) {
  using Place = Detour::Place;

  EXPECT_EQ(place_by("https://shop.example/", "shop.example:443:127.0.0.1:3443"),
            (Place{.host = "127.0.0.1", .port = 3443}));
  EXPECT_EQ(place_by("https://shop.example/", "::[::1]:"), (Place{.host = "::1", .port = 443}));
  EXPECT_EQ(place_by("https://shop.example/", ":443::8443"),
            (Place{.host = "shop.example", .port = 8443}));
  EXPECT_EQ(place_by("https://shop.example/", "other.example:443:127.0.0.1:1"),
            (Place{.host = "shop.example", .port = 443}));
  EXPECT_EQ(place_by("https://shop.example/", "shop.example:444:127.0.0.1:1"),
            (Place{.host = "shop.example", .port = 443}));
}

TEST(Detour, IsRefusedInAnyOtherForm) {
  for (const char* text :
       {"", "a", "a:1", "a:1:b", "a:1:b:2:3", "a:x:b:2", "[::1:1:b:2", "a:1:b:65536"}) {
    EXPECT_FALSE(parse_detour(text).has_value()) << text;
  }
}

TEST(Target, AcceptsTheLargestPort) {
  EXPECT_EQ(parse_target("http://h:65535/")->port, 65535);
}

}  // namespace
}  // namespace pear::load
