// Watchdog: whether a thread of the server hangs. A pure decision, told the time and what was seen.
//
// A thread hangs when a turn of its loop has taken `hang_max` of its own time: time in which it was
// not waiting for a CPU, for a disk or for memory, and in which the machine was there at all. So
// neither an overloaded machine nor a laptop that slept nor a paused virtual machine looks like it.
//
//  - The watcher was late by so much: it was kept waiting itself, and so may the threads have been.
//    That time is taken off; after a long while all turns count from now.
//  - The kernel says how long a thread waited for a CPU (schedstat): taken off. It says so only
//  once
//    the thread has its CPU; what passed while it was runnable and did not run is taken off
//    likewise.
//  - A thread that was runnable whenever it was seen has its time on a CPU counted, nothing else.
//    The kernel leaves out of that what a host took from a virtual machine.
//  - Uninterruptible (D): the kernel keeps it, for a disk or for memory, and SIGKILL would not end
//    that. It has ten times as long.
//  - Stopped (T), by SIGSTOP: the process serves nobody, whatever its threads were doing; it hangs
//    once it has been stopped for hang_max. Who wants to look at it attaches a debugger, or stops
//    the keeper first.
//  - Traced (t): a debugger has it. All turns count from when it is let go.
//
// Source:  Documentation/scheduler/sched-stats.rst (schedstat), proc(5) (states).
// Thread:  a value, owned by the keeper.
// Memory:  some words for each thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"

namespace pear::keeper {

class Watchdog {
 public:
  using nanoseconds = std::chrono::nanoseconds;

  struct Options {
    std::chrono::milliseconds hang_max{1'000};  // More than 0.
  };
  // Looks are no further apart than this, and no closer than that.
  static constexpr std::chrono::milliseconds kPeriodMax{250};
  static constexpr std::chrono::milliseconds kPeriodMin{5};
  // Of a thread that the kernel keeps.
  static constexpr int kUninterruptibleFactor = 10;

  enum class State : std::uint8_t {
    Runnable,         // R: it runs, or waits for a CPU.
    Sleeping,         // S: in a system call.
    Uninterruptible,  // D
    Stopped,          // T
    Traced,           // t
    Unknown,          // Not to be found out: nothing is decided on it.
  };
  // What is seen of one thread.
  struct Sight {
    std::int64_t turn_began_ns = 0;  // VitalSigns; 0: it rests.
    State state = State::Unknown;
    nanoseconds ran{};     // On a CPU, ever.
    nanoseconds waited{};  // For one, ever.
    int patience = 1;      // It has so many times hang_max. At least 1.
  };
  struct Verdict {
    std::optional<std::size_t> hangs;  // A thread,
    bool stopped = false;              // or the process: it is stopped.
    nanoseconds stood{};               // For so long.
    MonotonicTime next_look{};
  };

  explicit Watchdog(const Options& options) : options_(options) {}

  // Of a new server: nothing is known.
  void reset();
  // At `now`, which never goes back. Always the same threads in the same order.
  [[nodiscard]] Verdict look(MonotonicTime now, std::span<const Sight> threads);

 private:
  struct Thread {
    std::int64_t turn_began_ns = 0;
    MonotonicTime from{};         // Since when its turn counts.
    Sight last;                   // At the last look;
    Sight before;                 // at the last one before this turn.
    nanoseconds unsaid_wait{};    // For a CPU, still going on.
    bool always_runnable = true;  // In this turn, as far as it was seen.
  };

  void forgive(MonotonicTime now, std::span<const Sight> threads);
  struct Moment {
    MonotonicTime now;
    nanoseconds late;  // By so much this look came later than it was wished.
  };
  [[nodiscard]] nanoseconds stood(Thread& thread, const Sight& sight, const Moment& moment) const;
  [[nodiscard]] nanoseconds patience_with(const Sight& sight) const;

  Options options_;
  std::vector<Thread> threads_;
  MonotonicTime last_look_{};
  MonotonicTime wished_{};          // When the next look was to be.
  MonotonicTime forgiven_until_{};  // No turn counts from before.
  std::optional<MonotonicTime> stopped_since_;
};

}  // namespace pear::keeper
