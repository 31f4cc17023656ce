#include "data/security/connection_total.h"

#include <gtest/gtest.h>

namespace pear::security {
namespace {

TEST(ConnectionTotal, IsTheSumOfWhatTheCoresBring) {
  ConnectionTotal total(100);
  EXPECT_EQ(total.bring(0, 5), 5U);
  EXPECT_EQ(total.bring(0, 7), 12U);
  EXPECT_EQ(total.bring(5, 2), 9U);
  EXPECT_EQ(total.bring(7, 7), 9U);
  EXPECT_EQ(total.open(), 9U);
}

TEST(ConnectionTotal, IsBoundedByTheMachine) {
  ConnectionTotal total(100);
  total.bound(1'000);
  EXPECT_EQ(total.max(), 100U);
  total.bound(40);
  EXPECT_EQ(total.max(), 40U);
}

TEST(ConnectionTotal, LeavesIdleConnectionsAloneUntilItIsNearlyFull) {
  EXPECT_EQ(ConnectionTotal::excess(14'062, 15'000), 0U);
  EXPECT_EQ(ConnectionTotal::excess(14'063, 15'000), 939U);
  EXPECT_EQ(ConnectionTotal::excess(0, 1), 0U);
  EXPECT_EQ(ConnectionTotal::excess(1, 1), 1U);
  EXPECT_EQ(ConnectionTotal::excess(9, 10), 0U);
  EXPECT_EQ(ConnectionTotal::excess(10, 10), 2U);
}

}  // namespace
}  // namespace pear::security
