// Clocks: where Pear reads the time.
//
// An event loop reads now() once a turn and passes it down; src/data and src/control never call
// this.
//
// Thread: any.
#pragma once

#include <chrono>

#include <time.h>

#include "base/assert.h"
#include "base/time.h"

namespace pear::io {

[[nodiscard]] inline std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  PEAR_ASSERT(::clock_gettime(clock, &time) == 0, "the clocks that Pear asks exist on every Linux");
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Since some fixed moment; never goes back, does not count suspension.
[[nodiscard]] inline MonotonicTime now() {
  return MonotonicTime(read_clock(CLOCK_MONOTONIC));
}

// CPU time that the calling thread has consumed: a system call, about 200 ns.
[[nodiscard]] inline std::chrono::nanoseconds thread_cpu_time() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

// For the log and for the Date field. May be set back by the operator: never measure with it.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
[[nodiscard]] inline WallTime wall_time() {
  return WallTime(read_clock(CLOCK_REALTIME));
}

}  // namespace pear::io
