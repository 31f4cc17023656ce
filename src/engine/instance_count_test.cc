#include "engine/instance_count.h"

#include <vector>

#include <gtest/gtest.h>

namespace pear::engine {
namespace {

using Needs = InstanceCount::Needs;

// As many places as a site gets.
std::vector<InstanceCount::Place> take_all(InstanceCount& count, const std::string& name,
                                           const Needs& needs = {}) {
  std::vector<InstanceCount::Place> places;
  const auto site = count.site(name);
  while (auto place = count.take(needs, site)) places.push_back(std::move(place));
  return places;
}

TEST(InstanceCount, LeavesSomethingForTheNextSite) {
  InstanceCount count(100);
  const auto greedy = take_all(count, "greedy");
  EXPECT_GE(greedy.size(), 75U);
  EXPECT_LT(greedy.size(), 100U);
  const auto second = take_all(count, "second");
  EXPECT_GE(second.size(), 5U);
  EXPECT_NE(count.take({}, count.site("third")), nullptr);
}

TEST(InstanceCount, NeverGivesMoreThanThereIs) {
  InstanceCount count(10);
  std::vector<InstanceCount::Place> places;
  for (int i = 0; i < 20; ++i) {
    if (auto place = count.take({}, count.site(std::to_string(i)))) {
      places.push_back(std::move(place));
    }
  }
  EXPECT_EQ(places.size(), 10U);
  places.pop_back();
  EXPECT_NE(count.take({}, count.site("late")), nullptr);
}

TEST(InstanceCount, CountsTheMemoriesAndTablesOfEach) {
  InstanceCount count(100);
  EXPECT_LE(take_all(count, "memories", {.memories = 4, .tables = 1}).size() * 4,
            pool_memories(100));
  EXPECT_LE(take_all(count, "tables", {.memories = 1, .tables = 16}).size() * 16, pool_tables(100));
  // All of it came back.
  EXPECT_GE(take_all(count, "others").size(), 75U);
}

TEST(InstanceCount, ASiteIsTheSameForAllCores) {
  InstanceCount count(10);
  const auto one = count.site("shop");
  EXPECT_EQ(one, count.site("shop"));
  EXPECT_NE(one, count.site("other"));
}

TEST(InstanceCount, AsksTheOtherCoresOnce) {
  InstanceCount count(1);
  int woken = 0;
  const auto wake = [](void* context) { ++*static_cast<int*>(context); };
  InstanceCount::Core one(count, wake, &woken);
  InstanceCount::Core other(count, wake, &woken);
  EXPECT_FALSE(other.take_asked());
  one.ask();
  one.ask();
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(one.take_asked());
  EXPECT_TRUE(other.take_asked());
  EXPECT_FALSE(other.take_asked());
}

}  // namespace
}  // namespace pear::engine
