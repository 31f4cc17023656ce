// RestartSchedule: when a server process that died is started again. A decision, told the time.
//
// The first death is answered at once: its cause is rare, and clients are waiting. From the second
// on the next start waits `delay_min`, doubling up to `delay_max`, so that a server that cannot
// live does not burn the machine. A server that served for `stable_after` starts the count anew.
//
// Thread: a value, owned by the keeper.
#pragma once

#include <chrono>
#include <cstdint>

namespace pear::keeper {

class RestartSchedule {
 public:
  struct Options {
    std::chrono::milliseconds delay_min{100};
    std::chrono::milliseconds delay_max{10'000};
    std::chrono::milliseconds stable_after{10'000};
  };

  explicit RestartSchedule(const Options& options) : options_(options) {}

  // A server process ended after it had served for `served` (zero: it never became ready). Returns
  // how long to wait before the next one is started.
  [[nodiscard]] std::chrono::milliseconds on_exit(std::chrono::nanoseconds served);

  // Starts since the last stable life, the coming one included.
  [[nodiscard]] std::uint64_t attempt() const { return attempt_; }

 private:
  Options options_;
  std::uint64_t attempt_ = 0;
  std::chrono::milliseconds next_delay_{0};
};

}  // namespace pear::keeper
