#include "control/supervisor/placement.h"

#include <array>

#include <gtest/gtest.h>

namespace pear::supervisor {
namespace {

TEST(Placement, SpreadsTheCagesOfASiteOverTheCores) {
  EXPECT_EQ(choose_core(std::array<CoreLoad, 3>{{{1, 1}, {0, 9}, {1, 1}}}), CoreId{1});
}

TEST(Placement, TakesTheEmptierCoreWhereTheSiteHasNone) {
  EXPECT_EQ(choose_core(std::array<CoreLoad, 3>{{{0, 2}, {0, 1}, {0, 3}}}), CoreId{1});
}

TEST(Placement, TakesTheFirstOfEquals) {
  EXPECT_EQ(choose_core(std::array<CoreLoad, 2>{}), CoreId{0});
}

}  // namespace
}  // namespace pear::supervisor
