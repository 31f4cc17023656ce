// Cost of asking the limits: paid by each request for each rate that its site and route have.
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "data/security/bucket_table.h"
#include "data/security/keyed_hash.h"
#include "data/security/subject.h"

namespace pear::security {
namespace {

constexpr BucketRule kGenerous =
    rule_of({.count = 1'000'000, .period = std::chrono::milliseconds(1'000), .burst = 1'000'000});
constexpr MonotonicTime kStart{std::chrono::hours(1)};

BucketTable& shared_table() {
  static BucketTable table(131'072);
  return table;
}

// One client among so many, the hash included.
void BM_TakeOfManyClients(benchmark::State& state) {
  const KeyedHash hash({1, 2});
  std::mt19937 random(5);
  std::vector<net::IpAddress> clients;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    clients.push_back(net::IpAddress::ipv4(
        {static_cast<std::uint8_t>(bits >> 24U), static_cast<std::uint8_t>(bits >> 16U),
         static_cast<std::uint8_t>(bits >> 8U), static_cast<std::uint8_t>(bits)}));
  }
  std::size_t next = 0;
  MonotonicTime now = kStart;
  for ([[maybe_unused]] auto _ : state) {
    const Subject subject{.kind = 1, .address = clients[next]};
    if (++next == clients.size()) next = 0;
    now += std::chrono::nanoseconds(200);
    benchmark::DoNotOptimize(
        shared_table().take(subject.hash(hash), kGenerous, Keep::AsLongAsThereIsRoom, now));
  }
}
BENCHMARK(BM_TakeOfManyClients)->Arg(1)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

// One bucket that all threads use: a site's total.
void BM_TakeOfOneBucket(benchmark::State& state) {
  MonotonicTime now = kStart;
  for ([[maybe_unused]] auto _ : state) {
    now += std::chrono::microseconds(2);
    benchmark::DoNotOptimize(shared_table().take(77, kGenerous, Keep::Always, now));
  }
}
BENCHMARK(BM_TakeOfOneBucket)->Threads(1)->Threads(2)->UseRealTime();

// A refusal only reads.
void BM_RefusalOfOneBucket(benchmark::State& state) {
  constexpr BucketRule kStrict =
      rule_of({.count = 1, .period = std::chrono::milliseconds(3'600'000), .burst = 1});
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(shared_table().take(78, kStrict, Keep::Always, kStart));
  }
}
BENCHMARK(BM_RefusalOfOneBucket)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace pear::security
