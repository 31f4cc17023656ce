#include "base/uri_path.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

std::string normal(std::string_view path) {
  std::string out(path.size(), '?');
  out.resize(normalise_path(path, out));
  return out;
}

std::string loosely(std::string_view path, unsigned loose) {
  std::string out(path.size(), '?');
  return std::string(read_path_loosely(path, loose, out));
}

constexpr unsigned bit(Looseness what) {
  return static_cast<unsigned>(what);
}

TEST(UriPath, HasOneFormHoweverItIsSpelled) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kPaths{{
      {"/", "/"},
      {"/login", "/login"},
      {"/%6Cogin", "/login"},
      {"/%6c%6F%67%69%6e", "/login"},
      {"/%41%5a%61%7a%30%39%2d%2E%5f%7e", "/AZaz09-._~"},
      {"/caf%c3%a9", "/caf%C3%A9"},
      {"/a%2fb", "/a%2Fb"},
      {"/%256C", "/%256C"},
      {"/%25", "/%25"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/%2e%2E/login", "/login"},
      {"/a/.%2e/login", "/login"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/..", "/"},
      {"/.", "/"},
      {"/../../a", "/a"},
      {"/a/../../b", "/b"},
      {"/a//../b", "/a/b"},
      {"//a", "//a"},
      {"//../a", "/a"},
      {"/a//b/", "/a//b/"},
      {"/...", "/..."},
      {"/.a/..b/c.", "/.a/..b/c."},
      {"/a;b=%3b", "/a;b=%3B"},
      {"/%2e%2e%2f%2e", "/..%2F."},
  }};
  for (const auto& [spelled, form] : kPaths) {
    EXPECT_EQ(normal(spelled), form) << spelled;
    EXPECT_EQ(normal(form), form) << spelled;
  }
}

TEST(UriPath, IsLookedAtOnce) {
  for (const std::string_view path : {"/", "/a/b.c/d", "/...", "/.well-known/a", "/a/..b"}) {
    EXPECT_TRUE(look_at_path(path).is_normal) << path;
    EXPECT_TRUE(look_at_path(path).has_one_reading) << path;
  }
  for (const std::string_view path : {"/.", "/..", "/a/.", "/./a", "/a/../b", "/%41", "//.."}) {
    EXPECT_FALSE(look_at_path(path).is_normal) << path;
  }
  for (const std::string_view path : {"//", "/a//b", "/a;b", "/%2F", "/a/;"}) {
    EXPECT_FALSE(look_at_path(path).has_one_reading) << path;
  }
}

TEST(UriPath, IsReadAsGuestsReadIt) {
  EXPECT_EQ(loosely("/a%2Fb", 0), "/a%2Fb");
  EXPECT_EQ(loosely("/a%2Fb%5cc%3B", bit(Looseness::Decode)), "/a/b/c;");
  EXPECT_EQ(loosely("/a/..%2F..%2Fb", bit(Looseness::Decode)), "/b");
  EXPECT_EQ(loosely("/a;x/b;y=1;z", bit(Looseness::ParametersFirst)), "/a/b");
  EXPECT_EQ(loosely("/a;x%2Fb", bit(Looseness::ParametersFirst) | bit(Looseness::Decode)), "/a");
  EXPECT_EQ(loosely("/a;x%2Fb", bit(Looseness::Decode) | bit(Looseness::ParametersLast)), "/a/b");
  EXPECT_EQ(loosely("/a/..;x/b", bit(Looseness::ParametersFirst)), "/b");
  EXPECT_EQ(loosely("//a///b//", bit(Looseness::MergeSlashes)), "/a/b/");
  EXPECT_EQ(loosely("/%2541", bit(Looseness::Decode)), "/%41");
}

}  // namespace
}  // namespace pear::base
