// Cost of timers: paid at each request of a kept-alive connection (re-arm), and at each turn.
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "io/timer_wheel.h"

namespace pear::io {
namespace {

constexpr MonotonicTime kStart{std::chrono::hours(1)};

class Idle final : public TimerNode {
 public:
  void on_timer(MonotonicTime) override {}
};

void BM_RearmAmongMany(benchmark::State& state) {
  TimerWheel wheel(kStart);
  std::vector<Idle> timers(static_cast<std::size_t>(state.range(0)));
  for (Idle& timer : timers) wheel.arm(timer, kStart + std::chrono::seconds(75));
  std::minstd_rand random;
  MonotonicTime now = kStart;
  for ([[maybe_unused]] auto _ : state) {
    now += std::chrono::microseconds(5);
    wheel.arm(timers[random() % timers.size()], now + std::chrono::seconds(75));
  }
}
BENCHMARK(BM_RearmAmongMany)->Arg(100)->Arg(100'000);

void BM_ArmAndCancel(benchmark::State& state) {
  TimerWheel wheel(kStart);
  Idle timer;
  for ([[maybe_unused]] auto _ : state) {
    wheel.arm(timer, kStart + std::chrono::seconds(30));
    timer.cancel();
  }
}
BENCHMARK(BM_ArmAndCancel);

void BM_TurnWithNothingDue(benchmark::State& state) {
  TimerWheel wheel(kStart);
  std::vector<Idle> timers(10'000);
  MonotonicTime now = kStart;
  for (Idle& timer : timers) wheel.arm(timer, kStart + std::chrono::hours(24 * 300));
  for ([[maybe_unused]] auto _ : state) {
    now += std::chrono::microseconds(50);
    benchmark::DoNotOptimize(wheel.next_deadline());
    wheel.advance(now);
  }
}
BENCHMARK(BM_TurnWithNothingDue);

void BM_FireOneOfMany(benchmark::State& state) {
  TimerWheel wheel(kStart);
  std::vector<Idle> timers(10'000);
  std::minstd_rand random;
  MonotonicTime now = kStart;
  std::size_t fired = 0;
  for ([[maybe_unused]] auto _ : state) {
    Idle& timer = timers[random() % timers.size()];
    wheel.arm(timer, now + std::chrono::milliseconds(random() % 100'000));
    now += std::chrono::microseconds(200);
    fired += wheel.advance(now);
  }
  state.counters["fired"] = static_cast<double>(fired);
}
BENCHMARK(BM_FireOneOfMany);

}  // namespace
}  // namespace pear::io
