// Cost of memory and of measuring on the request path: an exchange's arena, an object of a pool,
// one recorded duration, one scrape of a histogram.
#include <chrono>
#include <cstdint>
#include <string_view>

#include <benchmark/benchmark.h>

#include "base/arena.h"
#include "base/histogram.h"
#include "base/object_pool.h"

namespace pear::base {
namespace {

void BM_ArenaOfOneExchange(benchmark::State& state) {
  ArenaBlockPool pool;
  constexpr std::string_view kField = "text/html; charset=utf-8";
  for ([[maybe_unused]] auto _ : state) {
    Arena arena(pool, 256 * 1024);
    for (int i = 0; i < 20; ++i) benchmark::DoNotOptimize(arena.copy(kField));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_ArenaOfOneExchange);

void BM_ObjectOfAPool(benchmark::State& state) {
  struct Thing {
    std::uint64_t words[32];
  };
  ObjectPool<Thing> pool(100);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(pool.make());
}
BENCHMARK(BM_ObjectOfAPool);

void BM_RecordADuration(benchmark::State& state) {
  Histogram histogram;
  std::int64_t ns = 1000;
  for ([[maybe_unused]] auto _ : state) {
    histogram.record(std::chrono::nanoseconds(ns));
    ns = (ns * 7) & 0xFF'FFFF;
  }
}
BENCHMARK(BM_RecordADuration);

void BM_SnapshotOfAHistogram(benchmark::State& state) {
  Histogram histogram;
  for (int i = 0; i < 1000; ++i) histogram.record(std::chrono::microseconds(i));
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(histogram.snapshot().percentile(99));
  }
}
BENCHMARK(BM_SnapshotOfAHistogram);

}  // namespace
}  // namespace pear::base
