// Clocks: now, and waiting. Waiting costs no CPU time of the request.
//
// Thread: a guest has one.
#pragma once

#include <cstdint>

#include "pear/abi.h"

namespace pear {

// From an arbitrary start; never goes back.
[[nodiscard]] inline std::uint64_t monotonic_ns() {
  return abi::pear_monotonic_now();
}

// Since 1970-01-01T00:00:00Z.
[[nodiscard]] inline std::uint64_t unix_time_ms() {
  abi::Datetime now;
  abi::pear_wall_now(&now);
  return now.seconds * 1000 + now.nanoseconds / 1'000'000;
}

inline void sleep_ms(std::uint64_t milliseconds) {
  const abi::Handle pollable = abi::pear_monotonic_subscribe_duration(milliseconds * 1'000'000);
  abi::pear_pollable_block(pollable);
  abi::pear_pollable_drop(pollable);
}

}  // namespace pear
