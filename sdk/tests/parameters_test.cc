#include "pear/parameters.h"

#include <optional>
#include <utility>

#include <gtest/gtest.h>

namespace pear {
namespace {

TEST(Form, DecodesNamesAndValues) {
  const auto form = Parameters::from_form("a=1&b+c=two+words&%64=%26%3D");

  ASSERT_EQ(form.size(), 3U);
  EXPECT_EQ(form.get("a"), "1");
  EXPECT_EQ(form.get("b c"), "two words");
  EXPECT_EQ(form.get("d"), "&=");
}

TEST(Form, SkipsEmptyPiecesAndTakesAPieceWithoutEqualsAsAName) {
  const auto form = Parameters::from_form("&&a&=b&&c=&");

  ASSERT_EQ(form.size(), 3U);
  EXPECT_EQ(form.get("a"), "");
  EXPECT_EQ(form.get(""), "b");
  EXPECT_EQ(form.get("c"), "");
}

TEST(Form, KeepsEveryValueOfANameInOrderAndGivesTheFirst) {
  const auto form = Parameters::from_form("a=1&a=2");

  EXPECT_EQ(form.get("a"), "1");
  EXPECT_EQ(form.at(1).name, "a");
  EXPECT_EQ(form.at(1).value, "2");
}

TEST(Form, SplitsAtTheFirstEqualsOnly) {
  EXPECT_EQ(Parameters::from_form("a=b=c").get("a"), "b=c");
}

TEST(Form, IsEmptyForAnEmptyText) {
  const auto form = Parameters::from_form("");

  EXPECT_TRUE(form.empty());
  EXPECT_EQ(form.get("a"), std::nullopt);
  EXPECT_EQ(form.get_or("a", "other"), "other");
}

TEST(Cookies, AreNamesAndValuesAsTheyAre) {
  const auto cookies = Parameters::from_cookies("a=1; b=%20+ ;c=\"quoted\"");

  ASSERT_EQ(cookies.size(), 3U);
  EXPECT_EQ(cookies.get("a"), "1");
  EXPECT_EQ(cookies.get("b"), "%20+");
  EXPECT_EQ(cookies.get("c"), "quoted");
}

TEST(Cookies, SkipPiecesWithoutANameOrWithoutEquals) {
  const auto cookies = Parameters::from_cookies("; a; =b; c=\"; d==");

  ASSERT_EQ(cookies.size(), 2U);
  EXPECT_EQ(cookies.get("c"), "\"");
  EXPECT_EQ(cookies.get("d"), "=");
}

TEST(Parameters, SurviveAMove) {
  auto from = Parameters::from_form("a=1");
  const Parameters to = std::move(from);

  EXPECT_EQ(to.get("a"), "1");
}

}  // namespace
}  // namespace pear
