// A token bucket as one number: when it will be full again.
//
// A request costs one interval of that time; a bucket that is full again is like one that never
// was, so it can be forgotten without a loss.
//
// Source: ITU-T I.371, annex A (the generic cell rate algorithm, virtual scheduling).
// Thread: pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"
#include "config/settings.h"

namespace pear::security {

struct BucketRule {
  std::uint64_t interval_ns = 0;  // What one token takes to come back.
  std::uint64_t depth_ns = 0;     // What all of them take.
};

// The rate is not "off".
[[nodiscard]] constexpr BucketRule rule_of(const config::Rate& rate) {
  const auto period = std::chrono::duration_cast<std::chrono::nanoseconds>(rate.period).count();
  // At the highest rate, 1,000,000/s, a token takes 1,000 ns: rounding is below 0.1 %.
  const std::uint64_t interval = static_cast<std::uint64_t>(period) / rate.count;
  return {.interval_ns = interval, .depth_ns = interval * rate.burst};
}

struct BucketAnswer {
  bool allowed = true;
  std::chrono::nanoseconds wait{};  // Where it is not: until one would be.
  std::uint64_t full_at_ns = 0;     // Where it is: of the bucket from now on.
};

// Takes one token at `now_ns` from a bucket that is full at `full_at_ns`. A bucket is never emptier
// than empty, whatever its rule was before.
[[nodiscard]] constexpr BucketAnswer take_token(std::uint64_t full_at_ns, std::uint64_t now_ns,
                                                const BucketRule& rule) {
  const std::uint64_t missing =
      std::min(full_at_ns > now_ns ? full_at_ns - now_ns : 0, rule.depth_ns);
  if (missing + rule.interval_ns <= rule.depth_ns) {
    return {.full_at_ns = now_ns + missing + rule.interval_ns};
  }
  return {.allowed = false,
          .wait = std::chrono::nanoseconds(missing + rule.interval_ns - rule.depth_ns)};
}

[[nodiscard]] constexpr std::uint64_t to_ns(MonotonicTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace pear::security
