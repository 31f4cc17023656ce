#include "load/precise_timer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/os_error.h"

namespace pear::load {

Result<std::unique_ptr<PreciseTimer>> PreciseTimer::open(io::Reactor& reactor, void* owner,
                                                         Function function) {
  io::UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.is_open()) return io::fail_os("timerfd_create() failed");
  const int number = fd.get();
  auto timer = std::make_unique<PreciseTimer>(reactor, std::move(fd), owner, function);
  if (auto added = reactor.add(*timer, number, io::IoEvents::read(), io::Reactor::Trigger::Level);
      !added) {
    return std::unexpected(added.error());
  }
  return timer;
}

PreciseTimer::PreciseTimer(io::Reactor& reactor, io::UniqueFd fd, void* owner, Function function)
    : reactor_(reactor), fd_(std::move(fd)), owner_(owner), function_(function) {}

// Before the descriptor closes.
PreciseTimer::~PreciseTimer() {
  reactor_.remove(*this);
}

void PreciseTimer::arm(MonotonicTime time) {
  if (time == armed_for_) return;
  armed_for_ = time;
  // Zero would disarm it.
  const std::int64_t ns = std::max<std::int64_t>(time.time_since_epoch().count(), 1);
  itimerspec setting{};
  setting.it_value.tv_sec = ns / 1'000'000'000;
  setting.it_value.tv_nsec = ns % 1'000'000'000;
  const int set = ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
  PEAR_ASSERT(set == 0, "the time has been made valid");
}

void PreciseTimer::on_io(io::IoEvents) {
  std::uint64_t expirations = 0;
  // Nothing to read: it was moved in the turn in which it fired.
  if (::read(fd_.get(), &expirations, sizeof expirations) < 0) return;
  armed_for_ = {};
  function_(owner_);
}

}  // namespace pear::load
