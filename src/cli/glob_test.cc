#include "cli/glob.h"

#include <string>

#include <gtest/gtest.h>

namespace pear::cli {
namespace {

TEST(Glob, AStarStaysWithinAComponent) {
  EXPECT_TRUE(matches_glob("*.cc", "site.cc"));
  EXPECT_TRUE(matches_glob("*.cc", "a.b.cc"));
  EXPECT_FALSE(matches_glob("*.cc", "src/site.cc"));
  EXPECT_FALSE(matches_glob("*.cc", "site.cc~"));
}

TEST(Glob, TwoStarsGoThroughFolders) {
  EXPECT_TRUE(matches_glob("src/**", "src/a.js"));
  EXPECT_TRUE(matches_glob("src/**", "src/deep/er/a.js"));
  EXPECT_FALSE(matches_glob("src/**", "other/a.js"));
  EXPECT_TRUE(matches_glob("**/*.cc", "site.cc"));
  EXPECT_TRUE(matches_glob("**/*.cc", "a/b/site.cc"));
  EXPECT_TRUE(matches_glob("src/**/*.cc", "src/site.cc"));
  EXPECT_TRUE(matches_glob("src/**/*.cc", "src/a/b/site.cc"));
  EXPECT_FALSE(matches_glob("src/**/*.cc", "srcx/site.cc"));
}

TEST(Glob, AQuestionMarkIsOneCharacter) {
  EXPECT_TRUE(matches_glob("a?.txt", "ab.txt"));
  EXPECT_FALSE(matches_glob("a?.txt", "a.txt"));
  EXPECT_FALSE(matches_glob("a?b", "a/b"));
}

TEST(Glob, WildcardsDoNotTakeHiddenNames) {
  EXPECT_FALSE(matches_glob("*", ".git"));
  EXPECT_FALSE(matches_glob("**", ".git/index"));
  EXPECT_FALSE(matches_glob("**", "src/.site.cc.swp"));
  EXPECT_TRUE(matches_glob(".env", ".env"));
  EXPECT_TRUE(matches_glob("src/.*", "src/.config"));
}

TEST(Glob, PlainNamesAreThemselves) {
  EXPECT_TRUE(matches_glob("package.json", "package.json"));
  EXPECT_FALSE(matches_glob("package.json", "package-json"));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_TRUE(matches_glob("", ""));
}

TEST(Glob, ManyStarsTakeNoTimeToSpeakOf) {
  EXPECT_FALSE(matches_glob(std::string(200, '*') + "b", std::string(1'000, 'a')));
}

}  // namespace
}  // namespace pear::cli
