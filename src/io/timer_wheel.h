// TimerWheel: very many timers, armed, re-armed and cancelled in O(1), told the time.
//
// Six levels of 64 slots; a slot of level 0 is one tick of 1 ms, a slot of the next level 64 slots
// of the one below. A timer waits in the finest slot that its distance allows and moves down when
// its slot's time comes. It never fires early, and at most one tick after its deadline (given a
// loop that advances the wheel when next_deadline() says).
//
// Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7.
// Thread: core-local.
// Memory: 6 KiB; a timer's place is in the timer. Timers are borrowed: one that dies leaves the
// wheel.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/assert.h"
#include "base/intrusive_list.h"
#include "base/time.h"

namespace pear::io {

class TimerWheel;

// What a wheel calls. Derive from it where an object has one timer; see Timer for several.
class TimerNode : private base::ListHook<TimerWheel> {
 public:
  TimerNode() = default;
  virtual ~TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  TimerNode(TimerNode&&) = delete;
  TimerNode& operator=(TimerNode&&) = delete;

  // The deadline has passed; the timer is disarmed. It may arm or cancel any timer, destroy others
  // and itself.
  virtual void on_timer(MonotonicTime now) = 0;

  [[nodiscard]] bool armed() const { return linked(); }
  // Does nothing when it is not armed.
  void cancel() { unlink(); }

 private:
  friend class TimerWheel;
  template <typename, typename>
  friend class base::IntrusiveList;

  std::uint64_t tick_ = 0;  // When to fire, in ticks of the wheel.
};
static_assert(sizeof(TimerNode) == 32, "every connection has one");

// A timer as a member: calls a function of its owner.
//
//   io::Timer idle_ = io::Timer::calling<&Connection::on_idle>(*this);
//
// where on_idle is a `void on_idle(MonotonicTime now)`.
class Timer final : public TimerNode {
 public:
  using Function = void (*)(void* owner, MonotonicTime now);

  // `owner` must outlive the timer.
  Timer(void* owner, Function function) : owner_(owner), function_(function) {}

  template <auto Method, typename Owner>
  [[nodiscard]] static Timer calling(Owner& owner) {
    return Timer(&owner, [](void* object, MonotonicTime now) {
      (static_cast<Owner*>(object)->*Method)(now);
    });
  }

  void on_timer(MonotonicTime now) override { function_(owner_, now); }

 private:
  void* owner_;  // Borrowed, never null.
  Function function_;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{1};
  // Timers fired by one advance(); the rest follows in the next, so that a thousand timers with one
  // deadline do not hold up the sockets.
  static constexpr std::size_t kFiredMax = 512;

  explicit TimerWheel(MonotonicTime start) : start_(start) {}
  ~TimerWheel();

  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  TimerWheel(TimerWheel&&) = delete;
  TimerWheel& operator=(TimerWheel&&) = delete;

  // Fires `timer` once, when `deadline` has passed; one that has passed already, in the next tick.
  // An armed timer is moved. There is no limit to how far away a deadline may be.
  void arm(TimerNode& timer, MonotonicTime deadline);

  // Fires what is due at `now`; returns how many. Time that goes back is taken as standing still.
  std::size_t advance(MonotonicTime now);

  // When to call advance() next, or nothing when no timer is armed. Often earlier than the next
  // timer that fires, never later.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline();

  [[nodiscard]] bool empty() { return due_.empty() && !next_slot(); }

 private:
  using List = base::IntrusiveList<TimerNode, TimerWheel>;

  static constexpr unsigned kSlotBits = 6;
  static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;
  static constexpr std::size_t kLevels = 6;
  static constexpr unsigned kTopShift = kSlotBits * (kLevels - 1);

  struct Level {
    std::uint64_t occupied = 0;  // A bit for each slot; one may stay set after its last timer left.
    std::array<List, kSlots> slots;
  };
  struct SlotPlace {
    std::size_t level;
    std::size_t slot;
    std::uint64_t tick;  // When its time comes.
  };

  [[nodiscard]] std::uint64_t ticks_until(MonotonicTime time) const;  // Rounded up.
  [[nodiscard]] std::uint64_t ticks_passed(MonotonicTime time) const;
  [[nodiscard]] MonotonicTime time_of(std::uint64_t tick) const;
  void place(TimerNode& timer);
  // The slot whose time comes first.
  [[nodiscard]] std::optional<SlotPlace> next_slot();
  void open_slot(const SlotPlace& place);

  const MonotonicTime start_;
  std::uint64_t wheel_tick_ = 0;  // All slots before it are empty.
  std::uint64_t now_tick_ = 0;    // Of the last advance(); beyond wheel_tick_ while timers are due.
  std::array<Level, kLevels> levels_;
  List due_;  // To be fired.
};

}  // namespace pear::io
