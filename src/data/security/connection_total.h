// ConnectionTotal: how many connections the whole server has open, over all cores.
//
// Each core keeps its own count and brings the difference here: at once when a connection comes,
// within a turn when one has gone. So the limit holds exactly, and no core waits for another.
//
// Thread: any. One word in a cache line of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/cache_line.h"

namespace pear::security {

class ConnectionTotal {
 public:
  explicit ConnectionTotal(std::size_t max) : max_(max) {}

  // Of one core: `before` is what it brought the last time, or 0. Gives the total.
  std::size_t bring(std::size_t before, std::size_t now) {
    if (before == now) return open();
    return open_.fetch_add(now - before, std::memory_order_relaxed) + (now - before);
  }
  [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t max() const { return max_; }
  // Before anything is accepted: the machine has room for no more than these.
  void bound(std::size_t max) { max_ = std::min(max_, max); }

  // How many idle connections are to go, of all cores together, so that there is room for those to
  // come: none until fifteen sixteenths are taken, then down to seven eighths.
  [[nodiscard]] static constexpr std::size_t excess(std::size_t open, std::size_t max) {
    if (open < max - max / 16) return 0;
    return open - std::min(open, max - max / 8 - 1);
  }

 private:
  alignas(base::kCacheLine) std::atomic<std::size_t> open_{0};
  alignas(base::kCacheLine) std::size_t max_;
};

}  // namespace pear::security
