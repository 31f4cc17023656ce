#include "control/worker.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "io/reactor.h"

namespace pear::control {
namespace {

TEST(Worker, DoesTheWorkElsewhereAndTheRestHereInOrder) {
  const auto reactor = std::move(io::Reactor::open()).value();
  std::vector<int> results;
  std::thread::id worked_on;
  Worker worker(reactor->waker());

  for (int i = 0; i < 3; ++i) {
    worker.submit([&results, &worked_on, i]() -> Worker::Then {
      const auto id = std::this_thread::get_id();
      return [&results, &worked_on, i, id] {
        results.push_back(i);
        worked_on = id;
      };
    });
  }
  while (results.size() < 3) {
    reactor->turn();  // Woken by each job that ends.
    worker.collect();
  }

  EXPECT_EQ(results, (std::vector<int>{0, 1, 2}));
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST(Worker, EndsWithoutTheJobsThatWait) {
  const auto reactor = std::move(io::Reactor::open()).value();
  {
    Worker worker(reactor->waker());
    for (int i = 0; i < 1'000; ++i) {
      worker.submit([]() -> Worker::Then { return [] {}; });
    }
  }
  SUCCEED();
}

}  // namespace
}  // namespace pear::control
