// Ticker: the one thread that ends the slices of running guests, every millisecond while any runs.
//
// A core says guest_started() when it turns from having no runnable guest to having one, and
// guest_stopped() when it turns back: two atomic operations, and a wake-up of the thread only when
// no guest ran anywhere.
//
// Thread: guest_started, guest_stopped and the queries from any. Full cores must not starve it: it
// asks
//         the kernel for more than its share, and exports how late it was.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "engine/engine.h"

namespace pear::engine {

class Ticker {
 public:
  static constexpr std::chrono::nanoseconds kPeriod = std::chrono::milliseconds(1);

  // How the thread's priority over the cores came out.
  enum class Priority : std::uint8_t { Realtime, Raised, Normal };

  explicit Ticker(std::shared_ptr<const Engine> engine);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void guest_started() {
    if (running_.fetch_add(1, std::memory_order_acq_rel) == 0) running_.notify_one();
  }
  void guest_stopped() { running_.fetch_sub(1, std::memory_order_acq_rel); }

  [[nodiscard]] std::uint64_t ticks() const { return ticks_.load(std::memory_order_relaxed); }
  // The latest tick since the last call: how long after its time it came.
  [[nodiscard]] std::chrono::nanoseconds take_lateness_max() {
    return std::chrono::nanoseconds(lateness_max_ns_.exchange(0, std::memory_order_relaxed));
  }
  [[nodiscard]] Priority priority() const { return priority_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop);

  std::shared_ptr<const Engine> engine_;
  std::atomic<std::uint32_t> running_{
      0};  // Cores with a runnable guest, and 1 more while stopping.
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<std::int64_t> lateness_max_ns_{0};
  std::atomic<Priority> priority_{Priority::Normal};
  std::jthread thread_;  // Last: it uses all of the above.
};

}  // namespace pear::engine
