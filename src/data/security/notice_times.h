// NoticeTimes: lets one line of each kind into the log in a second, of all cores together, and
// counts the others.
//
// Thread: any; lock-free.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace pear::security {

class NoticeTimes {
 public:
  static constexpr std::size_t kKinds = 40;
  static constexpr std::chrono::seconds kPause{1};

  // Whether a line of this kind may be written now, and how many were not since the last one.
  [[nodiscard]] std::optional<std::uint64_t> may_say(std::size_t kind, MonotonicTime now) {
    Kind& of = kinds_[kind];
    const std::int64_t now_ns = now.time_since_epoch().count();
    std::int64_t next_ns = of.next_ns.load(std::memory_order_relaxed);
    const std::int64_t after_ns = now_ns + std::chrono::nanoseconds(kPause).count();
    if (now_ns < next_ns ||
        !of.next_ns.compare_exchange_strong(next_ns, after_ns, std::memory_order_relaxed)) {
      of.left_out.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return of.left_out.exchange(0, std::memory_order_relaxed);
  }

 private:
  struct Kind {
    std::atomic<std::int64_t> next_ns{0};
    std::atomic<std::uint64_t> left_out{0};
  };
  std::array<Kind, kKinds> kinds_;
};

}  // namespace pear::security
