// Waker: lets any thread end the sleep of an event loop.
//
// Cheap to call too often: a system call is made only when the loop sleeps and nobody has woken it
// yet. What was written before wake() is visible to the loop when it runs next.
//
// Thread: wake() on any; the rest on the loop's.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/cache_line.h"
#include "base/result.h"
#include "io/unique_fd.h"

namespace pear::io {

class Waker {
 public:
  explicit Waker(UniqueFd event) : event_(std::move(event)) {}

  // Makes the next, or the present, sleep of the loop end at once.
  void wake() noexcept;

  // The loop is about to sleep. False: it was woken since it slept last, and must look for work
  // first.
  [[nodiscard]] bool begin_sleep();
  void end_sleep();

  [[nodiscard]] int event_fd() const { return event_.get(); }

 private:
  enum class State : std::uint8_t { Awake, Asleep, Woken };

  // Alone on its line: every thread writes to it.
  alignas(base::kCacheLine) std::atomic<State> state_{State::Awake};
  alignas(base::kCacheLine) UniqueFd event_;
};

}  // namespace pear::io
