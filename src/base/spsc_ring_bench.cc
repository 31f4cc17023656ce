// Cost of what crosses threads: a record through a ring, a log line through a byte ring. The figure
// for two threads includes the transfer of the cache lines between their CPUs.
#include <array>
#include <cstdint>
#include <string>
#include <thread>

#include <benchmark/benchmark.h>

#include "base/byte_ring.h"
#include "base/spsc_ring.h"

namespace pear::base {
namespace {

using Record = std::array<std::uint64_t, 4>;

void BM_PushAndPopOnOneThread(benchmark::State& state) {
  SpscRing<Record> ring(1024);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(ring.try_push(Record{1, 2, 3, 4}));
    benchmark::DoNotOptimize(ring.try_pop());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_PushAndPopOnOneThread);

void BM_PushAndDrainABatchOf64(benchmark::State& state) {
  SpscRing<Record> ring(1024);
  for ([[maybe_unused]] auto _ : state) {
    for (std::uint64_t i = 0; i < 64; ++i) benchmark::DoNotOptimize(ring.try_push(Record{i}));
    ring.drain([](const Record& record) { benchmark::DoNotOptimize(record[0]); });
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_PushAndDrainABatchOf64);

void BM_BetweenTwoThreads(benchmark::State& state) {
  constexpr std::uint64_t kRecords = 1'000'000;
  for ([[maybe_unused]] auto _ : state) {
    SpscRing<Record> ring(1024);
    std::thread producer([&ring] {
      for (std::uint64_t i = 0; i < kRecords; ++i) {
        while (ring.try_push(Record{i}) == PushResult::Full) std::this_thread::yield();
      }
    });
    std::uint64_t taken = 0;
    while (taken < kRecords) {
      const std::size_t count = ring.drain([](const Record&) {});
      if (count == 0) std::this_thread::yield();
      taken += count;
    }
    producer.join();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRecords));
}
BENCHMARK(BM_BetweenTwoThreads)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_LogLineThroughAByteRing(benchmark::State& state) {
  SpscByteRing ring(1 << 20);
  const std::string line(static_cast<std::size_t>(state.range(0)), 'x');
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(ring.try_push(line));
    benchmark::DoNotOptimize(ring.peek());
    ring.consume();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LogLineThroughAByteRing)->Arg(200)->Arg(2000);

}  // namespace
}  // namespace pear::base
