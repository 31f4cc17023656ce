#include "keeper/watchdog.h"

#include <algorithm>
#include <utility>

namespace pear::keeper {

namespace {

bool has_state(std::span<const Watchdog::Sight> threads, Watchdog::State state) {
  return std::ranges::find(threads, state, &Watchdog::Sight::state) != threads.end();
}

}  // namespace

void Watchdog::reset() {
  threads_.clear();
  stopped_since_.reset();
}

// All turns count from now.
void Watchdog::forgive(MonotonicTime now, std::span<const Sight> threads) {
  forgiven_until_ = now;
  stopped_since_.reset();
  threads_.resize(threads.size());
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const Sight& sight = threads[i];
    threads_[i] = {
        .turn_began_ns = sight.turn_began_ns, .from = now, .last = sight, .before = sight};
  }
}

Watchdog::Verdict Watchdog::look(MonotonicTime now, std::span<const Sight> threads) {
  Verdict verdict{.next_look = now + kPeriodMax};
  const bool first = threads_.size() != threads.size();
  const nanoseconds late = first ? nanoseconds(0) : std::max(now - wished_, nanoseconds(0));
  const bool traced = has_state(threads, State::Traced);
  if (first || traced || late >= options_.hang_max / 2) {
    forgive(now, threads);
    last_look_ = now;
    wished_ = verdict.next_look;
    return verdict;
  }

  const auto look_again_after = [&](nanoseconds left) {
    verdict.next_look = std::min(verdict.next_look, now + std::max<nanoseconds>(left, kPeriodMin));
  };
  bool ran = false;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    Thread& thread = threads_[i];
    const Sight& sight = threads[i];
    ran = ran || sight.ran != thread.last.ran;
    const nanoseconds stood_for = stood(thread, sight, {.now = now, .late = late});
    const nanoseconds left = patience_with(sight) - stood_for;
    if (left <= nanoseconds(0) && !verdict.hangs) {
      verdict.hangs = i;
      verdict.stood = stood_for;
    } else if (stood_for > nanoseconds(0)) {
      look_again_after(left);
    }
  }
  if (!has_state(threads, State::Stopped)) {
    stopped_since_.reset();
  } else {
    // Whoever has run since the last look was not stopped all the time.
    stopped_since_ = stopped_since_ && !ran ? *stopped_since_ + late : now;
    const nanoseconds stopped_for = now - *stopped_since_;
    verdict.stopped = stopped_for >= options_.hang_max;
    if (verdict.stopped) verdict.stood = stopped_for;
    look_again_after(options_.hang_max - stopped_for);
  }
  last_look_ = now;
  wished_ = verdict.next_look;
  return verdict;
}

Watchdog::nanoseconds Watchdog::patience_with(const Sight& sight) const {
  const int factor = sight.state == State::Uninterruptible ? kUninterruptibleFactor : 1;
  return nanoseconds(options_.hang_max) * sight.patience * factor;
}

// How much of its own time the thread has stood in its turn.
Watchdog::nanoseconds Watchdog::stood(Thread& thread, const Sight& sight,
                                      const Moment& moment) const {
  const MonotonicTime now = moment.now;
  const Sight last = std::exchange(thread.last, sight);
  if (sight.turn_began_ns != thread.turn_began_ns) {
    // The word of another process: not from the future, nor from before time began.
    const MonotonicTime began{nanoseconds(
        std::clamp<std::int64_t>(sight.turn_began_ns, 0, now.time_since_epoch().count()))};
    thread.turn_began_ns = sight.turn_began_ns;
    thread.from = std::max(began, forgiven_until_);
    thread.before = last;
    thread.unsaid_wait = {};
    thread.always_runnable = true;
  }
  thread.from += moment.late;
  // Its stop is judged for the process; afterwards its turn goes on.
  if (sight.state == State::Stopped) thread.from += now - last_look_;
  const bool runnable = sight.state == State::Runnable;
  thread.always_runnable = thread.always_runnable && runnable;
  // A wait that goes on is not in `waited` yet. It may have begun as soon as the thread last ran.
  const nanoseconds since_last = now - last_look_;
  const nanoseconds known = (sight.ran - last.ran) + (sight.waited - last.waited);
  if (!runnable) {
    thread.unsaid_wait = {};
  } else if (sight.ran == last.ran) {
    thread.unsaid_wait += since_last;
  } else {
    thread.unsaid_wait = std::max(since_last - known, nanoseconds(0));
  }
  if (sight.turn_began_ns == 0 || sight.state == State::Stopped || sight.state == State::Unknown) {
    return nanoseconds(0);
  }
  const nanoseconds waited = sight.waited - thread.before.waited;
  const nanoseconds own = now - thread.from - waited - thread.unsaid_wait;
  return thread.always_runnable ? std::min(own, sight.ran - thread.before.ran) : own;
}

}  // namespace pear::keeper
