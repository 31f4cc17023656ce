#include "pear/path_pattern.h"

#include <gtest/gtest.h>

namespace pear {
namespace {

TEST(PathPattern, ExactFitsOnlyItself) {
  PathMatch match;
  EXPECT_TRUE(match_path("/a/b", "/a/b", match));
  EXPECT_FALSE(match_path("/a/b", "/a/b/", match));
  EXPECT_FALSE(match_path("/a/b", "/a", match));
  EXPECT_FALSE(match_path("/a/b", "/a/bc", match));
  EXPECT_FALSE(match_path("/a/b/", "/a/b", match));
  EXPECT_TRUE(match_path("/", "/", match));
  EXPECT_FALSE(match_path("/", "/a", match));
}

TEST(PathPattern, ANameTakesOneSegmentThatIsNotEmpty) {
  PathMatch match;
  ASSERT_TRUE(match_path("/users/:id/posts/:post", "/users/7/posts/a%2Fb", match));
  EXPECT_EQ(match.get("id"), "7");
  EXPECT_EQ(match.get("post"), "a%2Fb");
  EXPECT_EQ(match.get("other"), "");
  EXPECT_FALSE(match_path("/users/:id", "/users/", match));
  EXPECT_FALSE(match_path("/users/:id", "/users", match));
  EXPECT_FALSE(match_path("/users/:id", "/users/7/8", match));
}

TEST(PathPattern, ABareColonIsText) {
  PathMatch match;
  EXPECT_TRUE(match_path("/:", "/:", match));
  EXPECT_FALSE(match_path("/:", "/a", match));
}

TEST(PathPattern, TheRestMayBeEmptyOrMany) {
  PathMatch match;
  ASSERT_TRUE(match_path("/files/...", "/files/a/b", match));
  EXPECT_EQ(match.get("..."), "a/b");
  ASSERT_TRUE(match_path("/files/...", "/files/", match));
  EXPECT_EQ(match.get("..."), "");
  EXPECT_TRUE(match_path("/files/...", "/files", match));
  EXPECT_FALSE(match_path("/files/...", "/filesystem", match));
  ASSERT_TRUE(match_path("/...", "/", match));
  EXPECT_EQ(match.get("..."), "");
}

TEST(PathPattern, FitsNothingThatDoesNotStartWithASlash) {
  PathMatch match;
  EXPECT_FALSE(match_path("", "", match));
  EXPECT_FALSE(match_path("/a", "a", match));
  EXPECT_FALSE(match_path("*", "*", match));
}

TEST(PathPattern, TakesAsManyCapturesAsThereIsRoomAndNoMore) {
  PathMatch match;
  static_assert(PathMatch::kCapturesMax == 8);
  EXPECT_TRUE(match_path("/:a/:b/:c/:d/:e/:f/:g/:h", "/1/2/3/4/5/6/7/8", match));
  EXPECT_EQ(match.get("h"), "8");
  EXPECT_FALSE(match_path("/:a/:b/:c/:d/:e/:f/:g/:h/:i", "/1/2/3/4/5/6/7/8/9", match));
}

TEST(PathPattern, ForgetsTheCapturesOfAnEarlierTry) {
  PathMatch match;
  ASSERT_TRUE(match_path("/:a", "/1", match));
  ASSERT_TRUE(match_path("/b", "/b", match));
  EXPECT_EQ(match.size(), 0U);
}

}  // namespace
}  // namespace pear
