// LogChannel: the way of one thread's log lines to the log writer. LogSignal: how they wake it.
//
// The writer sleeps in two depths. Napping it comes back by itself within 10 ms and is disturbed
// only by a channel that fills up; asleep it is woken by the first line. So lines of a busy server
// cost their core no system call, and an idle process never wakes.
//
// Thread:  a channel has one producer, the thread that logs through it; the writer drains it. The
//          signal is shared by all of them.
// Memory:  the channel's ring, allocated once, and the shares of the sites that use it. The signal
//          owns one eventfd.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/byte_ring.h"
#include "base/log/log_shares.h"
#include "base/result.h"

namespace pear::log {

class LogSignal {
 public:
  enum class Depth : std::uint8_t { Awake, Napping, Asleep };

  // Errors: OsError when the process has no descriptor left.
  [[nodiscard]] static Result<std::unique_ptr<LogSignal>> open();
  // For open(): owns `event_fd`, which does not block.
  explicit LogSignal(int event_fd) : event_fd_(event_fd) {}
  ~LogSignal();
  LogSignal(const LogSignal&) = delete;
  LogSignal& operator=(const LogSignal&) = delete;

  // Any thread. Wakes the writer if it sleeps at least so deep.
  void wake_from(Depth depth);

  // The writer. Between set_depth and wait it looks once more whether there is work.
  void set_depth(Depth depth) { depth_.store(depth, std::memory_order_seq_cst); }
  // Returns when woken or after `nap`; without `nap` only when woken.
  void wait(std::optional<std::chrono::milliseconds> nap);

 private:
  std::atomic<Depth> depth_{Depth::Awake};
  int event_fd_;
};

class LogChannel {
 public:
  // `signal` must outlive the channel.
  LogChannel(std::size_t capacity_bytes, LogSignal& signal);

  // Producer. Room for one line of up to `bytes`, or nothing, where the channel is full or the
  // owner's share of it is: then the line is lost; count_drop().
  [[nodiscard]] std::optional<std::span<char>> reserve(std::size_t bytes, LineOwner owner);
  // Of what reserve() gave last.
  void commit(std::size_t bytes);
  void count_drop(LineOwner owner, std::string_view site_name);
  [[nodiscard]] std::size_t line_bytes_max() const { return ring_.record_max(); }

  // Producer. What was lost and has not been told.
  [[nodiscard]] LogShares& shares() { return shares_; }

  // Any thread. Lines lost since the start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // The writer.
  [[nodiscard]] base::SpscByteRing& ring() { return ring_; }

 private:
  void settle();

  base::SpscByteRing ring_;
  LogSignal& signal_;
  std::atomic<std::uint64_t> dropped_{0};  // Written by the producer alone.
  LogShares shares_;
  LineOwner owner_;  // Of the line that is being written.
  std::size_t bytes_since_empty_ = 0;
};

}  // namespace pear::log
