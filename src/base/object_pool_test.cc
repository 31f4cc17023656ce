#include "base/object_pool.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

TEST(ObjectPool, MakesObjectsUpToItsMaximumAndThenNull) {
  ObjectPool<std::string, 4> pool(6);
  std::vector<ObjectPool<std::string, 4>::Owned> objects;
  objects.reserve(6);
  for (int i = 0; i < 6; ++i) objects.push_back(pool.make("a string beyond the small ones", 26U));
  for (const auto& object : objects) ASSERT_NE(object, nullptr);
  EXPECT_EQ(pool.make(), nullptr);
  objects.pop_back();
  EXPECT_NE(pool.make(), nullptr);
  EXPECT_EQ(pool.live(), 5U);
}

TEST(ObjectPool, ReusesTheMemoryThatWasFreedLast) {
  ObjectPool<int> pool(100);
  const auto first = pool.make(1);
  auto second = pool.make(2);
  const int* const address = second.get();
  second.reset();
  const auto third = pool.make(3);
  EXPECT_EQ(third.get(), address);
  EXPECT_EQ(*third, 3);
}

TEST(ObjectPool, GivesEveryLiveObjectAPlaceOfItsOwn) {
  ObjectPool<std::uint64_t, 8> pool(100);
  std::set<std::uint64_t*> places;
  for (int i = 0; i < 100; ++i) places.insert(pool.create(7U));
  EXPECT_EQ(places.size(), 100U);
  for (std::uint64_t* place : places) pool.destroy(*place);
  EXPECT_EQ(pool.live(), 0U);
}

TEST(ObjectPool, RunsTheDestructor) {
  const auto counted = std::make_shared<int>(0);
  ObjectPool<std::shared_ptr<int>> pool(1);
  auto object = pool.make(counted);
  EXPECT_EQ(counted.use_count(), 2);
  object.reset();
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(ObjectPoolDeathTest, RefusesToDieBeforeItsObjects) {
  EXPECT_DEATH(
      {
        ObjectPool<int> pool(1);
        static_cast<void>(pool.create(1));
      },
      "before their pool");
}

}  // namespace
}  // namespace pear::base
