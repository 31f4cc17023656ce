// Reactor: the event loop of one thread: descriptors, timers, deferred calls, one turn at a time.
//
//   while (!stopping) reactor.turn(has_work ? Reactor::Wait::No : Reactor::Wait::UntilEvent);
//
// A turn waits for events (unless there is work), reads the clock once, and then runs, in this
// order: handlers with events, handlers that asked for another go, timers, deferred calls. Any of
// them may add, remove and destroy any handler, timer or call, itself too.
//
// Thread: one, that of turn(); other threads reach it only through its Waker.
// Memory: about 80 KiB; handlers are borrowed and carry their own links. One that dies is removed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include <sys/epoll.h>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/time.h"
#include "io/timer_wheel.h"
#include "io/waker.h"

namespace pear::io {

class Reactor;

// What one connection may do in one turn before it lets others go on and asks for another go
// (Reactor::run_again). From nginx's and Seastar's practice: large enough to spread the cost of a
// turn, small enough that a hundred greedy clients delay a modest one by milliseconds only.
struct TurnBudget {
  static constexpr std::size_t kReadBytes = 64UL * 1024;
  static constexpr std::size_t kWriteBytes = 256UL * 1024;
  static constexpr std::uint32_t kRequests = 16;
  static constexpr std::uint32_t kAccepts = 64;
};

// What has become possible, or has happened, to a descriptor.
class IoEvents {
 public:
  constexpr IoEvents() = default;
  constexpr explicit IoEvents(std::uint32_t epoll_bits) : bits_(epoll_bits) {}

  static constexpr IoEvents read() { return IoEvents(EPOLLIN); }
  static constexpr IoEvents write() { return IoEvents(EPOLLOUT); }
  static constexpr IoEvents read_write() { return IoEvents(EPOLLIN | EPOLLOUT); }

  // An error counts as both: reading or writing tells which error it is.
  [[nodiscard]] constexpr bool readable() const {
    return (bits_ & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  }
  [[nodiscard]] constexpr bool writable() const {
    return (bits_ & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  }
  // The peer has sent its FIN, or the connection is gone: what it sent before can still be read.
  [[nodiscard]] constexpr bool peer_closed() const {
    return (bits_ & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  }
  // The connection is gone in both directions.
  [[nodiscard]] constexpr bool broken() const { return (bits_ & (EPOLLHUP | EPOLLERR)) != 0; }

  [[nodiscard]] constexpr std::uint32_t epoll_bits() const { return bits_; }
  friend constexpr IoEvents operator|(IoEvents a, IoEvents b) {
    return IoEvents(a.bits_ | b.bits_);
  }
  friend constexpr bool operator==(IoEvents, IoEvents) = default;

 private:
  std::uint32_t bits_ = 0;
};

// What a descriptor's events go to. Remove it, or destroy it, before its descriptor is closed.
class IoHandler : private base::ListHook<Reactor> {
 public:
  IoHandler() = default;
  virtual ~IoHandler();
  IoHandler(const IoHandler&) = delete;
  IoHandler& operator=(const IoHandler&) = delete;
  IoHandler(IoHandler&&) = delete;
  IoHandler& operator=(IoHandler&&) = delete;

  // May come without need: try, and take WouldBlock for an answer.
  virtual void on_io(IoEvents events) = 0;

  [[nodiscard]] bool watched() const { return reactor_ != nullptr; }

 private:
  friend class Reactor;
  template <typename, typename>
  friend class base::IntrusiveList;

  static constexpr std::uint32_t kNoSlot = 0xFFFF'FFFFU;

  Reactor* reactor_ = nullptr;          // Borrowed; null when not watched.
  int fd_ = -1;                         // Borrowed.
  std::uint32_t batch_slot_ = kNoSlot;  // Of the events being dispatched.
  IoEvents again_;                      // What it asked to be given next turn.
};
static_assert(sizeof(IoHandler) + sizeof(TimerNode) <= 120, "what an idle connection needs of io");

// A call that an object asks for at the end of the turn: to write out at once what a turn's events
// have produced, or to destroy what is still on the stack.
class DeferredCall : private base::ListHook<Reactor> {
 public:
  using Function = void (*)(void* owner);

  // `owner` must outlive the call.
  DeferredCall(void* owner, Function function) : owner_(owner), function_(function) {}

  template <auto Method, typename Owner>
  [[nodiscard]] static DeferredCall calling(Owner& owner) {
    return DeferredCall(&owner, [](void* object) { (static_cast<Owner*>(object)->*Method)(); });
  }

  [[nodiscard]] bool pending() const { return linked(); }
  void cancel() { unlink(); }

 private:
  friend class Reactor;
  template <typename, typename>
  friend class base::IntrusiveList;

  void* owner_;  // Borrowed, never null.
  Function function_;
};

class Reactor {
 public:
  enum class Wait : std::uint8_t { UntilEvent, No };
  // Edge: told once when something becomes possible; the handler goes on until WouldBlock. Level:
  // told in each turn in which it is possible.
  enum class Trigger : std::uint8_t { Edge, Level };

  // Bytes of read_buffer().
  static constexpr std::size_t kReadBufferBytes = 64UL * 1024;

  // Errors: OsError (EMFILE, ENFILE: no descriptors left).
  [[nodiscard]] static Result<std::unique_ptr<Reactor>> open();
  // Use open().
  Reactor(UniqueFd epoll, UniqueFd event);
  ~Reactor();

  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  Reactor(Reactor&&) = delete;
  Reactor& operator=(Reactor&&) = delete;

  // Watches `fd` for `events` (and always for errors and the peer's FIN). `handler` is not watched
  // yet. Errors: OsError (ENOSPC: the user's limit of watches; EPERM: a file that cannot be
  // watched).
  [[nodiscard]] Result<void> add(IoHandler& handler, int fd, IoEvents events, Trigger trigger);
  // Changes what a watched handler is told. With Edge, what is possible now is told once more.
  void modify(IoHandler& handler, IoEvents events, Trigger trigger);
  // From now on nothing is told, not even what this turn has collected. Harmless if not watched.
  void remove(IoHandler& handler);

  // Gives `events` to a watched handler again in the next turn, which then does not wait: for a
  // handler that stopped at its budget. Events that come meanwhile are added.
  void run_again(IoHandler& handler, IoEvents events);

  // Calls at the end of this turn; once, however often it is asked. What is deferred by a deferred
  // call comes at the end of the next turn, which does not wait.
  void defer(DeferredCall& call);

  // One turn. Returns how many handlers, timers and calls were run.
  std::size_t turn(Wait wait = Wait::UntilEvent);
  // The same in two halves, for a loop with something to do once the time is known: wait and read
  // the clock; run what has come. Between them handlers may be removed and destroyed as ever.
  void begin_turn(Wait wait);
  std::size_t run_turn();

  // The time of this turn.
  [[nodiscard]] MonotonicTime now() const { return now_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  [[nodiscard]] Waker& waker() { return waker_; }
  // Where to read into; what must be kept is copied out before the handler returns.
  [[nodiscard]] std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }
  [[nodiscard]] std::size_t watched() const { return watched_; }

 private:
  static constexpr std::size_t kEventsMax = 512;

  std::size_t poll(Wait wait);
  std::size_t collect(int wait_ms);
  [[nodiscard]] int timeout_ms();
  std::size_t dispatch(std::size_t count);

  Waker waker_;
  MonotonicTime now_;
  std::size_t watched_ = 0;
  bool had_events_ = false;    // In the last poll.
  std::size_t collected_ = 0;  // Of events_: told by begin_turn(), not yet dispatched.
  std::unique_ptr<char[]> read_buffer_;
  base::IntrusiveList<IoHandler, Reactor> again_;
  base::IntrusiveList<DeferredCall, Reactor> deferred_;
  TimerWheel timers_;
  UniqueFd epoll_;
  std::array<epoll_event, kEventsMax> events_{};
};

}  // namespace pear::io
