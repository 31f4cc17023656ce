#include "io/reactor.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <sched.h>
#include <sys/eventfd.h>

#include "base/assert.h"
#include "io/clock.h"
#include "io/os_error.h"

namespace pear::io {
namespace {

// The longest sleep: a bound for the arithmetic, and a turn a minute costs nothing.
constexpr std::chrono::milliseconds kSleepMax{60'000};
constexpr int kLooksBeforeSleep = 3;  // More gain little: measured with 1, 3 and 6.

epoll_event event_for(IoHandler* handler, IoEvents events, Reactor::Trigger trigger) {
  epoll_event event{};
  event.events = events.epoll_bits() | EPOLLRDHUP;
  if (trigger == Reactor::Trigger::Edge) event.events |= EPOLLET;
  event.data.ptr = handler;
  return event;
}

}  // namespace

IoHandler::~IoHandler() {
  if (reactor_ != nullptr) reactor_->remove(*this);
}

Result<std::unique_ptr<Reactor>> Reactor::open() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return fail_os("epoll_create1() failed");
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return fail_os("eventfd() failed");
  // The event of the waker is known by its null handler.
  epoll_event wake = event_for(nullptr, IoEvents::read(), Trigger::Edge);
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &wake) != 0) {
    return fail_os("epoll_ctl() failed");
  }
  return std::make_unique<Reactor>(std::move(epoll), std::move(event));
}

Reactor::Reactor(UniqueFd epoll, UniqueFd event)
    : waker_(std::move(event)),
      now_(io::now()),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBufferBytes)),
      timers_(now_),
      epoll_(std::move(epoll)) {}

Reactor::~Reactor() {
  PEAR_ASSERT(watched_ == 0, "a handler would point at a dead reactor");
  while (deferred_.pop_front() != nullptr) {
  }
}

Result<void> Reactor::add(IoHandler& handler, int fd, IoEvents events, Trigger trigger) {
  PEAR_ASSERT(!handler.watched(), "a handler watches one descriptor");
  epoll_event event = event_for(&handler, events, trigger);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail_os("epoll_ctl() failed");
  }
  handler.reactor_ = this;
  handler.fd_ = fd;
  ++watched_;
  return {};
}

void Reactor::modify(IoHandler& handler, IoEvents events, Trigger trigger) {
  PEAR_ASSERT(handler.reactor_ == this, "modify() is for a handler that is watched here");
  epoll_event event = event_for(&handler, events, trigger);
  const int changed = ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, handler.fd_, &event);
  PEAR_ASSERT(changed == 0, "a watched descriptor was closed before its handler was removed");
}

void Reactor::remove(IoHandler& handler) {
  if (handler.reactor_ == nullptr) return;
  PEAR_ASSERT(handler.reactor_ == this, "a handler is removed where it was added");
  // Always, though close() would do: a descriptor that a fork has copied stays in the set, and
  // would go on telling a handler that is no more. ENOENT and EBADF: it was closed too early.
  epoll_event unused{};
  static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, handler.fd_, &unused));
  if (handler.batch_slot_ != IoHandler::kNoSlot) events_[handler.batch_slot_].data.ptr = nullptr;
  handler.batch_slot_ = IoHandler::kNoSlot;
  handler.again_ = IoEvents();
  handler.unlink();
  handler.reactor_ = nullptr;
  handler.fd_ = -1;
  --watched_;
}

void Reactor::run_again(IoHandler& handler, IoEvents events) {
  PEAR_ASSERT(handler.reactor_ == this, "run_again() is for a handler that is watched here");
  handler.again_ = handler.again_ | events;
  if (!handler.linked()) again_.push_back(handler);
}

void Reactor::defer(DeferredCall& call) {
  if (!call.linked()) deferred_.push_back(call);
}

std::size_t Reactor::turn(Wait wait) {
  begin_turn(wait);
  return run_turn();
}

void Reactor::begin_turn(Wait wait) {
  PEAR_ASSERT(collected_ == 0, "the events of the turn before were never run");
  collected_ = poll(wait);
  now_ = io::now();
  // Each handler learns its place among the events, so that it can be taken out when it is removed
  // before its turn comes.
  for (std::size_t i = 0; i < collected_; ++i) {
    auto* const handler = static_cast<IoHandler*>(events_[i].data.ptr);
    if (handler != nullptr) handler->batch_slot_ = static_cast<std::uint32_t>(i);
  }
}

std::size_t Reactor::run_turn() {
  // Who asks for another go during this turn comes in the next one.
  base::IntrusiveList<IoHandler, Reactor> again;
  again.splice_back(again_);
  std::size_t run = dispatch(std::exchange(collected_, 0));
  while (IoHandler* const handler = again.pop_front()) {
    ++run;
    handler->on_io(std::exchange(handler->again_, IoEvents()));
  }
  run += timers_.advance(now_);
  base::IntrusiveList<DeferredCall, Reactor> calls;
  calls.splice_back(deferred_);
  while (DeferredCall* const call = calls.pop_front()) {
    ++run;
    call->function_(call->owner_);
  }
  return run;
}

std::size_t Reactor::poll(Wait wait) {
  const bool may_wait = wait == Wait::UntilEvent && again_.empty() && deferred_.empty();
  // To sleep and be woken costs this thread two switches, and whoever sends to it the wake-up.
  // After a turn with events more are often on their way: let others run, and look again.
  for (int looks = may_wait && had_events_ ? kLooksBeforeSleep : 0; looks > 0; --looks) {
    if (const std::size_t count = collect(0); count > 0) return count;
    ::sched_yield();
  }
  int timeout = may_wait ? timeout_ms() : 0;
  const bool sleeps = timeout != 0 && waker_.begin_sleep();
  if (!sleeps) timeout = 0;
  const std::size_t count = collect(timeout);
  if (sleeps) waker_.end_sleep();
  had_events_ = count > 0;
  return count;
}

std::size_t Reactor::collect(int wait_ms) {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsMax, wait_ms);
  if (count >= 0) return static_cast<std::size_t>(count);
  PEAR_ASSERT(errno == EINTR, "epoll_wait() fails only on a bad descriptor or memory");
  return 0;
}

// Rounded up, so that the loop does not spin through the last millisecond before a timer.
int Reactor::timeout_ms() {
  const auto deadline = timers_.next_deadline();
  if (!deadline) return static_cast<int>(kSleepMax.count());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - io::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kSleepMax).count());
}

std::size_t Reactor::dispatch(std::size_t count) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto* const handler = static_cast<IoHandler*>(events_[i].data.ptr);
    if (handler == nullptr) continue;
    ++run;
    handler->batch_slot_ = IoHandler::kNoSlot;
    // It has its turn now, with what it asked for.
    handler->unlink();
    handler->on_io(IoEvents(events_[i].events) | std::exchange(handler->again_, IoEvents()));
  }
  return run;
}

}  // namespace pear::io
