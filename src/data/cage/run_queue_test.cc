#include "data/cage/run_queue.h"

#include <chrono>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace pear::cage {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Guest final : Runnable {
  void take_turn() override {}
  explicit Guest(int guest_name = 0) : name(guest_name) {}
  int name;
};

int name_of(const RunQueue::Next& next) {
  return next.guest == nullptr ? -1 : static_cast<Guest*>(next.guest)->name;
}

TEST(RunQueue, GuestsOfOneSiteTakeTurns) {
  RunQueue queue;
  SiteQueue site;
  Guest first(1);
  Guest second(2);
  queue.push(site, first);
  queue.push(site, second);

  EXPECT_EQ(name_of(queue.pop()), 1);
  queue.charge(site, milliseconds(1));
  queue.push(site, first);
  EXPECT_EQ(name_of(queue.pop()), 2);
  EXPECT_EQ(name_of(queue.pop()), 1);
  EXPECT_EQ(name_of(queue.pop()), -1);
}

TEST(RunQueue, AGuestThatKeepsItsTurnIsTheFirstOfItsSiteAgain) {
  RunQueue queue;
  SiteQueue site;
  Guest busy(1);
  Guest patient(2);
  queue.push(site, patient);
  queue.push_again(site, busy);

  EXPECT_EQ(name_of(queue.pop()), 1);
  queue.push_again(site, busy);
  EXPECT_EQ(name_of(queue.pop()), 1);
  EXPECT_EQ(name_of(queue.pop()), 2);
  EXPECT_TRUE(queue.empty());
}

TEST(RunQueue, PushingAQueuedGuestAgainChangesNothing) {
  RunQueue queue;
  SiteQueue site;
  Guest guest(1);
  queue.push(site, guest);
  queue.push(site, guest);

  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(name_of(queue.pop()), 1);
  EXPECT_TRUE(queue.empty());
}

TEST(RunQueue, ASiteWithAHundredBusyGuestsDelaysAnotherByOneSlice) {
  RunQueue queue;
  SiteQueue busy;
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = 0; i < 100; ++i) {
    guests.push_back(std::make_unique<Guest>(i));
    queue.push(busy, *guests.back());
  }
  for (int slice = 0; slice < 500; ++slice) {
    const RunQueue::Next next = queue.pop();
    queue.charge(*next.site, milliseconds(1));
    queue.push(*next.site, *next.guest);
  }

  SiteQueue quiet;
  Guest visitor(1000);
  queue.push(quiet, visitor);
  int slices_waited = 0;
  while (true) {
    const RunQueue::Next next = queue.pop();
    if (name_of(next) == 1000) break;
    queue.charge(*next.site, milliseconds(1));
    queue.push(*next.site, *next.guest);
    ++slices_waited;
  }

  EXPECT_LE(slices_waited, 1);
}

TEST(RunQueue, ARestedSiteIsNotOwedTheTimeThatItSlept) {
  RunQueue queue;
  SiteQueue busy;
  SiteQueue rested;
  Guest worker(1);
  Guest sleeper(2);
  queue.push(busy, worker);
  for (int slice = 0; slice < 100; ++slice) {
    const RunQueue::Next next = queue.pop();
    queue.charge(*next.site, milliseconds(1));
    queue.push(*next.site, *next.guest);
  }
  queue.push(rested, sleeper);

  int ran_in_a_row = 0;
  while (name_of({.site = nullptr, .guest = queue.pop().guest}) == 2) {
    ++ran_in_a_row;
    queue.charge(rested, milliseconds(1));
    queue.push(rested, sleeper);
    ASSERT_LT(ran_in_a_row, 10);
  }

  EXPECT_LE(ran_in_a_row, 2);
}

TEST(RunQueue, BusySitesShareTheCpuEvenlyHoweverManyGuestsEachHas) {
  RunQueue queue;
  SiteQueue many;
  SiteQueue one;
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = 0; i < 10; ++i) {
    guests.push_back(std::make_unique<Guest>(1));
    queue.push(many, *guests.back());
  }
  Guest alone(2);
  queue.push(one, alone);

  int slices_of_one = 0;
  for (int slice = 0; slice < 1000; ++slice) {
    const RunQueue::Next next = queue.pop();
    if (name_of(next) == 2) ++slices_of_one;
    queue.charge(*next.site, milliseconds(1));
    queue.push(*next.site, *next.guest);
  }

  EXPECT_NEAR(slices_of_one, 500, 2);
}

TEST(RunQueue, ARemovedGuestNeverRuns) {
  RunQueue queue;
  SiteQueue first_site;
  SiteQueue second_site;
  Guest first(1);
  Guest second(2);
  queue.push(first_site, first);
  queue.push(second_site, second);

  queue.remove(first_site, first);
  queue.remove(first_site, first);

  EXPECT_EQ(name_of(queue.pop()), 2);
  EXPECT_EQ(name_of(queue.pop()), -1);
}

// Random pushes, pops, charges and removals against a plain list of what must still be there.
TEST(RunQueue, LosesAndInventsNoGuestUnderRandomUse) {
  std::mt19937 random(7);
  RunQueue queue;
  std::array<SiteQueue, 5> sites;
  std::vector<std::unique_ptr<Guest>> guests;
  for (int i = 0; i < 50; ++i) guests.push_back(std::make_unique<Guest>(i));
  const auto site_of = [&](int guest) -> SiteQueue& { return sites[guest % 5]; };

  std::size_t queued = 0;
  for (int step = 0; step < 20'000; ++step) {
    const int guest = static_cast<int>(random() % guests.size());
    const bool was_queued = guests[guest]->queued();
    switch (random() % 4) {
      case 0:
      case 1:
        queue.push(site_of(guest), *guests[guest]);
        queued += was_queued ? 0 : 1;
        break;
      case 2:
        queue.remove(site_of(guest), *guests[guest]);
        queued -= was_queued ? 1 : 0;
        break;
      default:
        if (const RunQueue::Next next = queue.pop(); next.guest != nullptr) {
          --queued;
          queue.charge(*next.site, nanoseconds(random() % 1'000'000));
        }
        break;
    }
    ASSERT_EQ(queue.size(), queued);
  }
  while (queue.pop().guest != nullptr) --queued;
  EXPECT_EQ(queued, 0U);
}

}  // namespace
}  // namespace pear::cage
