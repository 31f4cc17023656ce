#include "load/target.h"

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

TEST_P(TargetRejects, WhatIsNoPlainHttpUrl) {
  const auto target = parse_target(GetParam());

  ASSERT_FALSE(target.has_value());
  EXPECT_EQ(target.error().kind, ErrorKind::InvalidInput);
}

INSTANTIATE_TEST_SUITE_P(Spellings, TargetRejects,
                         testing::Values("", "127.0.0.1:3000", "https://127.0.0.1/", "http://",
                                         "http:///path", "http://h:0/", "http://h:65536/",
                                         "http://h:/", "http://h:1x/", "http://user@h/",
                                         "http://[::1/", "http://[::1]x/", "http://[]/",
                                         "http://h/a b", "http://h/a#b", "http://h/a\r\nX: y",
                                         "http://h/\xc3\xa4"));

TEST(Target, AcceptsTheLargestPort) {
  EXPECT_EQ(parse_target("http://h:65535/")->port, 65535);
}

}  // namespace
}  // namespace pear::load
