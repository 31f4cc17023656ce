// What all cores share of limits, used by several threads at once.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "data/security/address_counts.h"
#include "data/security/bucket_table.h"
#include "data/security/notice_times.h"

namespace pear::security {
namespace {

constexpr MonotonicTime kStart{std::chrono::hours(1)};
constexpr std::uint64_t kClient = 0x1234'5678'9ABC'DEF0;

// The time that all threads share: a step with every look, however they are scheduled.
class SteppedClock {
 public:
  SteppedClock(std::chrono::nanoseconds step, std::chrono::nanoseconds length)
      : step_(step), length_(length) {}
  // Nothing once the length is over.
  [[nodiscard]] std::optional<MonotonicTime> next() {
    const std::chrono::nanoseconds passed = step_ * steps_.fetch_add(1);
    if (passed >= length_) return std::nullopt;
    return kStart + passed;
  }

 private:
  std::chrono::nanoseconds step_;
  std::chrono::nanoseconds length_;
  std::atomic<std::int64_t> steps_{0};
};

TEST(AddressCounts, KeepsTheLimitAcrossThreads) {
  AddressCounts counts(1'000);
  std::atomic<int> open{0};
  std::atomic<int> highest{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50'000; ++i) {
        const auto connection = counts.count(kClient, 3);
        if (!connection) continue;
        const int now = ++open;
        int before = highest.load();
        while (now > before && !highest.compare_exchange_weak(before, now)) continue;
        --open;
      }
    });
  }
  threads.clear();

  EXPECT_LE(highest.load(), 3);
  std::vector<CountedConnection> rest;
  for (int i = 0; i < 3; ++i) rest.push_back(*counts.count(kClient, 3));
  EXPECT_FALSE(counts.count(kClient, 3)) << "nothing was lost";
}

// Four threads that stand for cores: none of them sees all the requests.
TEST(BucketTable, KeepsOneRateForAllThreads) {
  BucketTable table(1'024);
  const BucketRule rule =
      rule_of({.count = 10'000, .period = std::chrono::milliseconds(1'000), .burst = 100});
  // 400,000 requests a second.
  SteppedClock clock(std::chrono::nanoseconds(2'500), std::chrono::seconds(2));
  std::atomic<std::uint64_t> allowed{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::uint64_t mine = 0;
      while (const auto now = clock.next()) {
        mine += table.take(kClient, rule, Keep::Always, *now).allowed ? 1 : 0;
      }
      allowed += mine;
    });
  }
  threads.clear();

  EXPECT_NEAR(static_cast<double>(allowed.load()) / 20'100.0, 1.0, 0.02);
}

TEST(NoticeTimes, LosesNoneOfThoseThatAreLeftOutAcrossThreads) {
  NoticeTimes times;
  std::atomic<std::uint64_t> said{0};
  std::atomic<std::uint64_t> left_out{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        const auto count = times.may_say(5, kStart + std::chrono::milliseconds(i));
        if (!count) continue;
        ++said;
        left_out += *count;
      }
    });
  }
  threads.clear();
  left_out += times.may_say(5, kStart + std::chrono::hours(1)).value_or(0);

  EXPECT_EQ(said + left_out, 40'000U);
  EXPECT_LE(said, 20U);
}

// Millions of clients on a table that is too small for them: what is for all is kept to all the
// same.
TEST(BucketTable, KeepsWhatIsForEverybodyAmongACrowdAcrossThreads) {
  BucketTable table(1'024);
  const BucketRule total =
      rule_of({.count = 1'000, .period = std::chrono::milliseconds(1'000), .burst = 1});
  const BucketRule each =
      rule_of({.count = 1, .period = std::chrono::milliseconds(60'000), .burst = 5});
  SteppedClock clock(std::chrono::nanoseconds(2'500), std::chrono::seconds(1));
  std::atomic<std::uint64_t> allowed{0};
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t mine = 0;
      std::uint64_t hash = t;
      while (const auto now = clock.next()) {
        hash = hash * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        static_cast<void>(table.take(hash, each, Keep::AsLongAsThereIsRoom, *now));
        mine += table.take(kClient, total, Keep::Always, *now).allowed ? 1 : 0;
      }
      allowed += mine;
    });
  }
  threads.clear();

  EXPECT_NEAR(static_cast<double>(allowed.load()) / 1'000.0, 1.0, 0.02);
}

}  // namespace
}  // namespace pear::security
