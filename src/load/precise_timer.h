// PreciseTimer: wakes an event loop at a time, within microseconds.
//
// The loop's own timers have steps of a millisecond, which is coarser than the gap between two
// requests of an open loop: they would be sent in bunches.
//
// Source: timerfd_create(2).
// Thread: that of its reactor.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "io/reactor.h"
#include "io/unique_fd.h"

namespace pear::load {

class PreciseTimer final : private io::IoHandler {
 public:
  using Function = void (*)(void* owner);

  // `owner` and `reactor` must outlive the timer. Errors: OsError.
  [[nodiscard]] static Result<std::unique_ptr<PreciseTimer>> open(io::Reactor& reactor, void* owner,
                                                                  Function function);
  // Use open().
  PreciseTimer(io::Reactor& reactor, io::UniqueFd fd, void* owner, Function function);
  ~PreciseTimer() override;
  PreciseTimer(const PreciseTimer&) = delete;
  PreciseTimer& operator=(const PreciseTimer&) = delete;
  PreciseTimer(PreciseTimer&&) = delete;
  PreciseTimer& operator=(PreciseTimer&&) = delete;

  // Calls the function once, at `time` or at once when that has passed. An armed timer is moved.
  void arm(MonotonicTime time);

 private:
  void on_io(io::IoEvents events) override;

  io::Reactor& reactor_;
  io::UniqueFd fd_;
  void* owner_;  // Borrowed, never null.
  Function function_;
  MonotonicTime armed_for_{};  // Epoch: not armed.
};

}  // namespace pear::load
