#include "engine/ticker.h"

#include <algorithm>
#include <ctime>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace pear::engine {

namespace {

constexpr int kNiceRaised = -10;

Ticker::Priority raise_priority() {
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_FIFO)};
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &lowest) == 0) {
    return Ticker::Priority::Realtime;
  }
  // On Linux this is the calling thread's own.
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceRaised) == 0) {
    return Ticker::Priority::Raised;
  }
  return Ticker::Priority::Normal;
}

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void wait_until(std::int64_t deadline_ns) {
  const timespec deadline{.tv_sec = deadline_ns / 1'000'000'000,
                          .tv_nsec = deadline_ns % 1'000'000'000};
  // A signal ends the wait early: then this tick comes early, which harms nobody.
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr);
}

}  // namespace

Ticker::Ticker(std::shared_ptr<const Engine> engine)
    : engine_(std::move(engine)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Ticker::~Ticker() {
  thread_.request_stop();
  guest_started();  // Ends its sleep.
}

void Ticker::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "pear-ticker");
  priority_.store(raise_priority(), std::memory_order_relaxed);
  std::int64_t next = 0;
  while (!stop.stop_requested()) {
    if (running_.load(std::memory_order_acquire) == 0) {
      running_.wait(0, std::memory_order_acquire);
      next = monotonic_ns() + kPeriod.count();
      continue;
    }
    wait_until(next);
    const std::int64_t now = monotonic_ns();
    engine_->tick();
    ticks_.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t late = now - next;
    if (late > lateness_max_ns_.load(std::memory_order_relaxed)) {
      lateness_max_ns_.store(late, std::memory_order_relaxed);
    }
    // Ticks that were missed are not made up for.
    next = std::max(next + kPeriod.count(), now + kPeriod.count() / 2);
  }
}

}  // namespace pear::engine
