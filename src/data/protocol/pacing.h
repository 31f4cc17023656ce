// When a paced sender goes on: what its pacing gives it, as times that a timer of whole ticks can
// keep.
#pragma once

#include <chrono>

#include "base/time.h"
#include "io/timer_wheel.h"

namespace pear::data::protocol {

class Pacing {
 public:
  // What would leave within a tick of the timer goes at once: the timer may be that late, and a
  // moment that is missed is lost for good, since quiche counts on from when a datagram left, not
  // from when it might have.
  static constexpr std::chrono::nanoseconds kSlack = io::TimerWheel::kTick;

  // Whether the next datagram goes now. `delay`: how long it would wait by its pacing, zero where
  // it may go.
  [[nodiscard]] static bool goes_now(std::chrono::nanoseconds delay) { return delay <= kSlack; }

  // When to come back for a datagram that does not: as soon as it goes.
  [[nodiscard]] static MonotonicTime next(MonotonicTime now, std::chrono::nanoseconds delay) {
    return now + delay - kSlack;
  }
};

}  // namespace pear::data::protocol
