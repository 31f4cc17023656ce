#include "io/waker.h"

#include <sys/eventfd.h>

namespace pear::io {

void Waker::wake() noexcept {
  // Always a read-modify-write, even when the state is Woken already: it is what makes this
  // thread's earlier writes visible to the loop.
  if (state_.exchange(State::Woken, std::memory_order_acq_rel) != State::Asleep) return;
  // It cannot fail but for a full counter, which is a wake-up as well. The loop never reads the
  // counter: it watches for edges, and every write is one.
  static_cast<void>(::eventfd_write(event_.get(), 1));
}

bool Waker::begin_sleep() {
  State expected = State::Awake;
  if (state_.compare_exchange_strong(expected, State::Asleep, std::memory_order_acq_rel)) {
    return true;
  }
  state_.exchange(State::Awake, std::memory_order_acq_rel);
  return false;
}

void Waker::end_sleep() {
  // A wake-up that came meanwhile has done its work: the loop is up and looks for work now.
  state_.exchange(State::Awake, std::memory_order_acq_rel);
}

}  // namespace pear::io
