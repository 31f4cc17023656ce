#include "base/intrusive_list.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace pear::base {
namespace {

struct ByAge;

struct Item : ListHook<>, ListHook<ByAge> {
  explicit Item(int number) : value(number) {}
  int value;
};

std::vector<int> values_in(IntrusiveList<Item>& list) {
  std::vector<int> values;
  for (const Item& item : list) values.push_back(item.value);
  return values;
}

void empty_out(IntrusiveList<Item>& list) {
  while (list.pop_front() != nullptr) {
  }
}

TEST(IntrusiveList, KeepsItemsInTheOrderInWhichTheyWereLinked) {
  IntrusiveList<Item> list;
  Item one(1);
  Item two(2);
  Item three(3);
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  EXPECT_EQ(values_in(list), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(list.front(), &one);
  EXPECT_EQ(list.back(), &three);
  empty_out(list);
  EXPECT_FALSE(one.ListHook<>::linked());
}

TEST(IntrusiveList, LetsAnItemLeaveFromTheMiddleWithoutKnowingItsList) {
  IntrusiveList<Item> list;
  Item one(1);
  Item two(2);
  Item three(3);
  for (Item* item : {&one, &two, &three}) list.push_back(*item);
  two.ListHook<>::unlink();
  two.ListHook<>::unlink();
  EXPECT_EQ(values_in(list), (std::vector<int>{1, 3}));
  list.push_back(two);
  EXPECT_EQ(values_in(list), (std::vector<int>{1, 3, 2}));
  empty_out(list);
}

TEST(IntrusiveList, ForgetsAnItemThatDies) {
  IntrusiveList<Item> list;
  auto item = std::make_unique<Item>(1);
  list.push_back(*item);
  item.reset();
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveList, KeepsAnItemInOneListForEachTag) {
  IntrusiveList<Item> list;
  IntrusiveList<Item, ByAge> by_age;
  Item item(1);
  list.push_back(item);
  by_age.push_back(item);
  EXPECT_EQ(list.pop_front(), &item);
  EXPECT_EQ(by_age.front(), &item);
  EXPECT_EQ(by_age.pop_front(), &item);
}

TEST(IntrusiveList, SplicesAnotherListBehindItself) {
  IntrusiveList<Item> list;
  IntrusiveList<Item> other;
  Item one(1);
  Item two(2);
  Item three(3);
  list.push_back(one);
  list.splice_back(other);
  other.push_back(two);
  other.push_back(three);
  list.splice_back(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(values_in(list), (std::vector<int>{1, 2, 3}));
  empty_out(list);
}

TEST(IntrusiveListDeathTest, RefusesAnItemThatIsLinkedAlready) {
  IntrusiveList<Item> list;
  Item item(1);
  list.push_back(item);
  EXPECT_DEATH(list.push_back(item), "one list of a kind");
  list.pop_front();
}

}  // namespace
}  // namespace pear::base
