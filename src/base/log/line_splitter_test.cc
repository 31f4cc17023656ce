#include "base/log/line_splitter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::log {
namespace {

using Lines = std::vector<std::string>;

Lines split(const Lines& pieces) {
  LineSplitter splitter;
  Lines lines;
  const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  for (const std::string& piece : pieces) splitter.feed(piece, keep);
  splitter.finish(keep);
  return lines;
}

TEST(LineSplitter, GivesEachLineWithoutItsEnd) {
  EXPECT_EQ(split({"one\ntwo\r\nthree"}), (Lines{"one", "two", "three"}));
}

TEST(LineSplitter, DoesNotCareWhereTheTextWasCut) {
  const std::string text = "one\r\n\ntwo and more\nthree\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(split({text.substr(0, cut), text.substr(cut)}),
              (Lines{"one", "two and more", "three"}))
        << cut;
  }
}

TEST(LineSplitter, LeavesOutEmptyLines) {
  EXPECT_EQ(split({"\n\r\n\n"}), Lines{});
}

TEST(LineSplitter, CutsALineAtTheBoundAndNotBefore) {
  const std::string most(LineSplitter::kHeldBytesMax, 'x');

  EXPECT_EQ(split({most + "\n"}), (Lines{most}));
  EXPECT_EQ(split({most + "y\n"}), (Lines{most, "y"}));
  EXPECT_EQ(split({"x", most, "\n"}), (Lines{most, "x"}));
}

}  // namespace
}  // namespace pear::log
