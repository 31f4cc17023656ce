#include "io/descriptor_limit.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace pear::io {
namespace {

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);

  EXPECT_GE(raise_descriptor_limit(), 64U);

  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(DescriptorLimit, LeavesSomeForWhatIsNoConnection) {
  EXPECT_EQ(descriptors_for_connections(20'000, 2), 20'000U - 288);
  EXPECT_EQ(descriptors_for_connections(577, 2), 289U);
  EXPECT_EQ(descriptors_for_connections(576, 2), 288U);
  EXPECT_EQ(descriptors_for_connections(100, 2), 50U);
  EXPECT_LT(descriptors_to_start(2, 3), 100U);
}

}  // namespace
}  // namespace pear::io
