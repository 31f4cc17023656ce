#include "config/units.h"

#include <gtest/gtest.h>

#include "config/route_path.h"
#include "config/suggestion.h"

namespace pear::config {
namespace {

TEST(Units, ReadsSizesInTheirUnitsAndNoOthers) {
  EXPECT_EQ(parse_size("0B"), Bytes{0});
  EXPECT_EQ(parse_size("64KiB"), 64_KiB);
  EXPECT_EQ(parse_size("128 MiB"), 128_MiB);
  EXPECT_EQ(parse_size("1TiB"), Bytes{1ULL << 40U});
  for (const char* text : {"", "64", "64KB", "64kib", "KiB", "-1KiB", "1.5MiB", "64KiB ", " 64KiB",
                           "64  KiB", "0x10B", "+1B"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, RefusesASizeThatDoesNotFitSignedSixtyFourBits) {
  EXPECT_TRUE(parse_size("9223372036854775807B"));
  EXPECT_FALSE(parse_size("9223372036854775808B"));
  EXPECT_FALSE(parse_size("99999999999999999999999B"));
  EXPECT_FALSE(parse_size("18014398509481984KiB"));
}

TEST(Units, ReadsTimesInTheirUnitsAndNoOthers) {
  EXPECT_EQ(parse_duration("1000ms"), milliseconds(1'000));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(parse_duration("1m"), milliseconds(60'000));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  for (const char* text : {"", "5", "s", "5S", "5min", "1.5s", "-5s", "5s5s", "5us"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, PrintsInTheLargestUnitThatIsWhole) {
  EXPECT_EQ(to_text(Bytes{0}), "0B");
  EXPECT_EQ(to_text(Bytes{1'023}), "1023B");
  EXPECT_EQ(to_text(1'024_KiB), "1MiB");
  EXPECT_EQ(to_text(milliseconds(0)), "0ms");
  EXPECT_EQ(to_text(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(to_text(milliseconds(90'000)), "90s");
  EXPECT_EQ(to_text(milliseconds(3'600'000)), "1h");
}

TEST(Units, ReadsARangeOfTimesWithTheSmallerFirst) {
  EXPECT_EQ(parse_duration_range("1s..60s"), DurationRange(1'000, 60'000));
  EXPECT_EQ(parse_duration_range("5s..5s"), DurationRange(5'000, 5'000));
  for (const char* text : {"60s..1s", "1s", "1s..", "..1s", "1s...2s", "1s-2s"}) {
    EXPECT_FALSE(parse_duration_range(text)) << text;
  }
}

TEST(Units, ReadsAddressesOfBothFamilies) {
  EXPECT_EQ(parse_address("127.0.0.1:3000"), (ListenAddress{"127.0.0.1", 3'000}));
  EXPECT_EQ(parse_address("localhost:80"), (ListenAddress{"127.0.0.1", 80}));
  EXPECT_EQ(parse_address("[::1]:65535"), (ListenAddress{"::1", 65'535}));
  EXPECT_EQ(parse_address("[0:0::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(to_text(ListenAddress{"::1", 80}), "[::1]:80");
  EXPECT_EQ(to_text(ListenAddress{"0.0.0.0", 80}), "0.0.0.0:80");
}

TEST(Units, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", ":", "3000", ":3000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1]",
        "[127.0.0.1]:80", "example.com:80", "127.1:80", "127.0.0.1:+1", "[]:80", "[:80"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(RoutePath, TakesTheThreeForms) {
  for (const char* path : {"/", "/...", "/a", "/a/", "/a//b", "/a/:id", "/:a/:b/...", "/a.b/~c"}) {
    EXPECT_EQ(problem_in_route_path(path), std::nullopt) << path;
  }
}

TEST(RoutePath, RefusesWhatNoRequestCouldMatchOrMeansSomethingElse) {
  for (const char* path : {"", "a", "...", "/.../a", "/...a", "/:", "/a/:/b", "/*", "/a/*.js",
                           "/a b", "/a?b", "/a#b", "/\xC3\xA4", "/../a", "/a/."}) {
    EXPECT_TRUE(problem_in_route_path(path)) << path;
  }
}

TEST(RoutePath, IsBounded) {
  EXPECT_FALSE(problem_in_route_path("/" + std::string(kRoutePathBytesMax - 1, 'a')));
  EXPECT_TRUE(problem_in_route_path("/" + std::string(kRoutePathBytesMax, 'a')));
}

TEST(RoutePath, HasThePatternOfEveryPathThatMatchesTheSame) {
  EXPECT_EQ(route_pattern("/a/:id/b"), route_pattern("/a/:name/b"));
  EXPECT_NE(route_pattern("/a/:id"), route_pattern("/a/id"));
  EXPECT_NE(route_pattern("/a/..."), route_pattern("/a"));
}

TEST(Suggestion, FindsTheNearestWordWithinAThird) {
  constexpr std::string_view kWords[] = {"memory", "cpu", "header_timeout"};

  EXPECT_EQ(nearest("memroy", kWords), "memory");
  EXPECT_EQ(nearest("cpus", kWords), "cpu");
  EXPECT_EQ(nearest("header_timout", kWords), "header_timeout");
  EXPECT_EQ(nearest("disk", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest(std::string(100'000, 'm'), kWords), "");
}

}  // namespace
}  // namespace pear::config
