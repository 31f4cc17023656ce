#include "keeper/oom_kills.h"

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

TEST(OomKills, AreCountedAsBothVersionsOfTheKernelSay) {
  EXPECT_EQ(oom_kills_in("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"), 2U);
  EXPECT_EQ(oom_kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 7\n"), 7U);
}

TEST(OomKills, AreUnknownWhereTheFileDoesNotSay) {
  EXPECT_FALSE(oom_kills_in(""));
  EXPECT_FALSE(oom_kills_in("oom_kill_disable 0\nunder_oom 0"));
  EXPECT_FALSE(oom_kills_in("oom_kill \n"));
  EXPECT_FALSE(oom_kills_in("oom_kill x\n"));
  EXPECT_FALSE(OomKills().count());
}

TEST(OomKills, AreThoseOfTheOwnGroup) {
  constexpr std::string_view kGroups = "5:cpu,memory:/a/b\n4:pids:/p\n0::/unified/x\n";
  EXPECT_EQ(cgroup_path(kGroups, "memory"), "/a/b");
  EXPECT_EQ(cgroup_path(kGroups, ""), "/unified/x");
  EXPECT_FALSE(cgroup_path("4:pids:/p\n", "memory"));
  EXPECT_FALSE(cgroup_path("4:pids:/p\n", ""));
  EXPECT_FALSE(cgroup_path("no colons\n:\n", "memory"));
}

}  // namespace
}  // namespace pear::keeper
