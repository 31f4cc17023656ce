#include "io/mesh.h"

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "io/reactor.h"

namespace pear::io {
namespace {

CoreId core(std::size_t i) {
  return CoreId{static_cast<std::uint16_t>(i)};
}

TEST(Mesh, RefusesWhatARingCannotHoldAndLeavesTheRecordAlone) {
  auto reactor = Reactor::open().value();
  Mesh<std::unique_ptr<int>> mesh(2, 4);
  mesh.attach(core(1), reactor->waker());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(mesh.send(core(0), core(1), std::make_unique<int>(i)));
  }
  auto one_more = std::make_unique<int>(4);
  EXPECT_FALSE(mesh.send(core(0), core(1), std::move(one_more)));
  ASSERT_NE(one_more, nullptr);
  EXPECT_EQ(mesh.in_flight(core(0), core(1)), 4U);

  std::vector<int> seen;
  const auto drained = mesh.drain(core(1), [&](CoreId from, std::unique_ptr<int>&& record) {
    EXPECT_EQ(from, core(0));
    seen.push_back(*record);
  });
  EXPECT_EQ(drained.count, 4U);
  EXPECT_FALSE(drained.more);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(mesh.send(core(0), core(1), std::move(one_more)));
}

TEST(Mesh, AllHaveLeftOnceTheLastOneHas) {
  std::array<std::unique_ptr<Reactor>, 2> reactors{Reactor::open().value(),
                                                   Reactor::open().value()};
  Mesh<int> mesh(2, 4);
  for (std::size_t i = 0; i < 2; ++i) mesh.attach(core(i), reactors[i]->waker());
  mesh.leave();
  EXPECT_FALSE(mesh.all_left());
  mesh.leave();
  EXPECT_TRUE(mesh.all_left());
  reactors[0]->turn();  // Each was woken, so that none sleeps through it.
  reactors[1]->turn();
}

TEST(Mesh, TakesAShareFromEachSenderAndSaysThatThereIsMore) {
  auto reactor = Reactor::open().value();
  Mesh<int> mesh(3, 1024);
  mesh.attach(core(2), reactor->waker());
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(mesh.send(core(0), core(2), 0));
  ASSERT_TRUE(mesh.send(core(1), core(2), 1));
  std::array<int, 2> from_each{};
  const auto count = [&](CoreId, int sender) { ++from_each[static_cast<std::size_t>(sender)]; };
  EXPECT_TRUE(mesh.drain(core(2), count).more);
  EXPECT_EQ(from_each, (std::array<int, 2>{256, 1}));
  EXPECT_FALSE(mesh.drain(core(2), count).more);
  EXPECT_EQ(from_each, (std::array<int, 2>{300, 1}));
}

constexpr std::size_t kCores = 3;
constexpr std::uint64_t kRecords = 200'000;  // From each core to each other one.

struct Record {
  std::uint64_t number = 0;
  std::unique_ptr<std::uint64_t> payload;  // Now and then.
};

// One core of a mesh: sends its records in bursts, checks what it gets, sleeps when it has nothing
// to do. A lost record or wake-up stops the test for ever.
class FakeCore {
 public:
  FakeCore(Mesh<Record>& mesh, std::size_t index) : mesh_(mesh), index_(index), random_(index) {
    mesh_.attach(core(index_), reactor_->waker());
  }

  void run() {
    while (left_to_send() || left_to_receive()) {
      const auto drained = mesh_.drain(core(index_), [this](CoreId from, Record&& record) {
        std::uint64_t& next = received_[static_cast<std::size_t>(from)];
        in_order = in_order && record.number == next &&
                   (record.payload == nullptr || *record.payload == record.number);
        ++next;
      });
      const bool all_sent = send_burst();
      const bool may_sleep = all_sent && !drained.more && left_to_receive();
      reactor_->turn(may_sleep ? Reactor::Wait::UntilEvent : Reactor::Wait::No);
      if (!may_sleep) std::this_thread::yield();
    }
  }

  bool in_order = true;

 private:
  bool send_burst() {
    bool all_sent = true;
    for (std::size_t to = 0; to < kCores; ++to) {
      if (to == index_) continue;
      const std::uint64_t burst_end = std::min(kRecords, sent_[to] + random_() % 200);
      while (sent_[to] < burst_end) {
        Record record{.number = sent_[to], .payload = nullptr};
        if (sent_[to] % 64 == 0) record.payload = std::make_unique<std::uint64_t>(sent_[to]);
        if (!mesh_.send(core(index_), core(to), std::move(record))) break;
        ++sent_[to];
      }
      all_sent = all_sent && sent_[to] == kRecords;
    }
    return all_sent;
  }
  [[nodiscard]] bool left_to_send() const { return left(sent_); }
  [[nodiscard]] bool left_to_receive() const { return left(received_); }
  [[nodiscard]] bool left(const std::array<std::uint64_t, kCores>& counts) const {
    for (std::size_t i = 0; i < kCores; ++i) {
      if (i != index_ && counts[i] < kRecords) return true;
    }
    return false;
  }

  Mesh<Record>& mesh_;
  std::size_t index_;
  std::minstd_rand random_;
  std::unique_ptr<Reactor> reactor_ = Reactor::open().value();
  std::array<std::uint64_t, kCores> sent_{};
  std::array<std::uint64_t, kCores> received_{};
};

TEST(Mesh, CarriesAMillionRecordsBetweenThreeThreadsInOrderAndWithoutLoss) {
  Mesh<Record> mesh(kCores, 512);
  std::vector<std::unique_ptr<FakeCore>> cores;
  cores.reserve(kCores);
  for (std::size_t i = 0; i < kCores; ++i) cores.push_back(std::make_unique<FakeCore>(mesh, i));
  std::vector<std::thread> threads;
  threads.reserve(kCores);
  for (auto& each : cores) threads.emplace_back([&each] { each->run(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& each : cores) EXPECT_TRUE(each->in_order);
}

TEST(Mesh, WakesACoreThatSleepsEveryTime) {
  constexpr int kRounds = 20'000;
  Mesh<int> mesh(2, 4);
  std::array<std::unique_ptr<Reactor>, 2> reactors{Reactor::open().value(),
                                                   Reactor::open().value()};
  for (std::size_t i = 0; i < 2; ++i) mesh.attach(core(i), reactors[i]->waker());
  // Each sends a number back when it has got it, and sleeps between.
  const auto play = [&](std::size_t me) {
    int last = 0;
    while (last < kRounds - 1) {
      const auto drained = mesh.drain(core(me), [&](CoreId from, int number) {
        last = number;
        if (number == kRounds) return;
        EXPECT_TRUE(mesh.send(core(me), from, number + 1));
      });
      if (drained.count == 0) reactors[me]->turn();
    }
  };
  std::thread other([&] { play(1); });
  ASSERT_TRUE(mesh.send(core(0), core(1), 1));
  play(0);
  other.join();
}

}  // namespace
}  // namespace pear::io
