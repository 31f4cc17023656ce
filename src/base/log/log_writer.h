// LogWriter: drains the log channels of all threads to one descriptor.
//
// It alone touches the descriptor, so a reader that stalls or goes away costs lines (dropped where
// they are made, counted) and never a core's time.
//
// Thread:  run() on a thread of its own, which the server owns; the rest on any thread.
// Memory:  one batch of 64 KiB, and the channels, which live as long as the writer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log/log_channel.h"
#include "base/log/log_sink.h"
#include "base/result.h"

namespace pear::log {

class LogWriter {
 public:
  struct Options {
    int fd = 2;  // Stays the caller's; must outlive the writer.
    // How long the last flush may wait for a reader that stalls.
    std::chrono::milliseconds flush_max{1'000};
  };

  // Errors: OsError when the process has no descriptor left.
  [[nodiscard]] static Result<std::unique_ptr<LogWriter>> open(Options options);
  // For open().
  LogWriter(Options options, std::unique_ptr<LogSignal> signal);

  // A channel for one more thread. Lives as long as the writer.
  [[nodiscard]] LogChannel& add_channel(std::size_t capacity_bytes);

  // Returns after stop(), once every line that was committed before stop() is written or given up.
  void run();
  void stop();

  // Lines that were taken from their channels and could not be written.
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 private:
  // Writes out all that is there; how many bytes that was.
  std::size_t drain();
  void drain_channel(LogChannel& channel);
  void write_batch();
  void give_up_batch();
  // Sleeps unless there is something to do.
  void sleep_from(LogSignal::Depth depth);
  [[nodiscard]] bool has_lines();

  Options options_;
  std::unique_ptr<LogSignal> signal_;
  LogSink sink_;
  std::mutex mutex_;  // Of the list only; taken by the writer once a drain.
  std::vector<std::unique_ptr<LogChannel>> channels_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> lost_{0};

  // Of run() alone.
  std::string batch_;
  std::size_t batch_lines_ = 0;
  std::size_t drained_bytes_ = 0;
  std::chrono::milliseconds flush_waited_{};
  bool reader_gone_ = false;
};

}  // namespace pear::log
