// Who waits for something that others hold (an instance, the account's memory, a place, one of the
// process's instances) gets it as soon as it is given back, by whatever gives it back.
#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/cage/guest_slot.h"
#include "data/path_fixture.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using cage::Guest;
using cage::GuestFault;
using std::chrono::milliseconds;

class WaitingTest : public PathTest {
 protected:
  static constexpr std::uint64_t kInstance = (1_MiB).count;

  // What the test has one guest do when it looks next.
  enum class Order { None, Answer, Trap, Grow, Shrink };
  // One guest, as the test knows it.
  struct Known {
    CageId cage{};
    Order order = Order::None;
    std::uint64_t grown = 0;
    bool serves = false;
  };

  WaitingTest() {
    site_.limits.memory = 4_MiB;
    site_.run.isolation = config::Isolation::Request;
    engine_.memory_of_instance = kInstance;
    engine_.serve = [this](FakeGuest& guest) { return serve(guest); };
    engine_.gone = [this](FakeGuest& guest) { known_.erase(&guest); };
    engine_.start = [this](FakeGuest& guest) {
      known_[&guest].cage = static_cast<cage::GuestSlot&>(guest.host).cage.id();
      return guest.idle();
    };
  }

  // Each guest looks every millisecond what the test would have it do.
  Guest::Slice serve(FakeGuest& guest) {
    Known& known = known_[&guest];
    known.serves = true;
    switch (std::exchange(known.order, Order::None)) {
      case Order::Answer:
        known.serves = false;
        return guest.answer("hello");
      case Order::Trap:
        return guest.fault(GuestFault::Trap, "as the test says");
      case Order::Grow:
        if (guest.host.grow_memory(kInstance / 2)) known.grown += kInstance / 2;
        break;
      case Order::Shrink:
        guest.host.release_memory(std::exchange(known.grown, 0));
        break;
      case Order::None:
        break;
    }
    guest.host.wake_at(engine_.clock + milliseconds(1));
    return guest.pending();
  }

  // Gives an order to some guest that serves.
  void order(std::size_t which, Order order) {
    const auto serving =
        std::ranges::count_if(known_, [](const auto& entry) { return entry.second.serves; });
    if (serving == 0) return;
    auto left = which % static_cast<std::size_t>(serving);
    for (auto& [guest, known] : known_) {
      if (!known.serves) continue;
      if (left-- == 0) {
        known.order = order;
        return;
      }
    }
  }

  void expect_nobody_waits_for_what_is_there() {
    const config::CageLimits& limits = site_.limits;
    bool all_full = true;
    for (std::size_t i = 0; i < site_.cages; ++i) {
      const CageId cage{static_cast<std::uint32_t>(i + 1)};
      std::uint64_t used = 0;
      std::uint64_t alive = 0;
      std::uint64_t serving = 0;
      for (const auto& [guest, known] : known_) {
        if (known.cage != cage) continue;
        used += kInstance + known.grown;
        ++alive;
        if (known.serves) ++serving;
      }
      const std::uint64_t in_flight = cage_counters(i).in_flight.value();
      all_full = all_full && in_flight >= limits.max_concurrent_requests;
      if (in_flight == serving) continue;
      EXPECT_EQ(alive, serving) << "an instance rests while a request waits";
      const bool memory = alive == 0 || used + kInstance <= limits.memory.count;
      EXPECT_FALSE(memory && engine_.alive < engine_.alive_max)
          << in_flight - serving << " wait while there is room: used " << used << ", alive "
          << engine_.alive;
      EXPECT_EQ(cage_counters(i).memory_bytes.value(), used);
    }
    EXPECT_TRUE(all_full || !path_->has_waiting()) << "a request waits while there is a place";
  }

  std::map<const FakeGuest*, Known> known_;
};

TEST_F(WaitingTest, AClientThatGoesAwayLeavesItsInstanceToTheNext) {
  site_.limits.memory = 1_MiB;
  start();
  Client& first = ask("/sleeps");
  settle();
  Client& second = ask("/waits");
  settle();
  EXPECT_EQ(second.status, 0);

  first.leave();
  pass(milliseconds(200));  // What an instance has to notice it.
  order(0, Order::Answer);
  pass(milliseconds(5));
  EXPECT_EQ(second.status, 200);

  Client& third = ask("/comes later");
  settle();
  order(0, Order::Answer);
  pass(milliseconds(5));
  EXPECT_EQ(third.status, 200);
}

TEST_F(WaitingTest, ARequestThatGetsNoInstanceIsToldToComeBackAfterTheTimeOfTheQueue) {
  site_.limits.memory = 1_MiB;
  site_.limits.queue_timeout = milliseconds(500);
  start();
  static_cast<void>(ask("/sleeps"));
  settle();
  const Client& second = ask("/waits");
  pass(milliseconds(499));
  EXPECT_EQ(second.status, 0);
  pass(milliseconds(3));
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(counters().queue_timeout.value(), 1U);
}

TEST_F(WaitingTest, AnInstanceThatEndsInOneCageIsTheNextOnesOfAnother) {
  site_.cages = 2;
  engine_.alive_max = 2;
  start();
  // One instance rests in each cage; each serves one, and two requests wait for others.
  std::vector<Client*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(&ask("/some"));
  settle();
  for (int i = 0; i < 4; ++i) {
    expect_nobody_waits_for_what_is_there();
    order(0, Order::Answer);
    pass(milliseconds(2));
  }
  for (const Client* const client : clients) EXPECT_EQ(client->status, 200);
}

TEST_F(WaitingTest, NobodyWaitsForWhatIsThereWhateverHappens) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    if (path_ == nullptr) {
      site_.cages = 2;
      site_.limits.max_concurrent_requests = 6;
      site_.limits.queue_timeout = milliseconds(300);
      site_.limits.head_timeout = milliseconds(800);
      engine_.alive_max = 5;
      start();
    }
    for (int i = 0; i < 150 && !HasFailure(); ++i) {
      switch (below(7)) {
        case 0:
        case 1:
          static_cast<void>(ask("/some"));
          break;
        case 2:
          if (!clients_.empty()) clients_[below(clients_.size())]->leave();
          break;
        case 3:
          order(below(16), Order::Answer);
          break;
        case 4:
          order(below(16), below(4) == 0 ? Order::Trap : Order::Shrink);
          break;
        case 5:
          order(below(16), Order::Grow);
          break;
        default:
          pass(milliseconds(below(3) == 0 ? below(400) : below(4)));
          break;
      }
      pass(milliseconds(2));
      expect_nobody_waits_for_what_is_there();
      forget_clients_that_left();
    }
  }
}

}  // namespace
}  // namespace pear::data
