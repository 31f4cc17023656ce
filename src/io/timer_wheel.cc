#include "io/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace pear::io {

TimerWheel::~TimerWheel() {
  for (Level& level : levels_) {
    for (List& slot : level.slots) {
      while (slot.pop_front() != nullptr) {
      }
    }
  }
  while (due_.pop_front() != nullptr) {
  }
}

std::uint64_t TimerWheel::ticks_until(MonotonicTime time) const {
  if (time <= start_) return 0;
  // Not `time + kTick - 1`, which would overflow for the farthest time there is.
  const auto whole = static_cast<std::uint64_t>((time - start_) / kTick);
  return (time - start_) % kTick == MonotonicTime::duration::zero() ? whole : whole + 1;
}

std::uint64_t TimerWheel::ticks_passed(MonotonicTime time) const {
  return time <= start_ ? 0 : static_cast<std::uint64_t>((time - start_) / kTick);
}

MonotonicTime TimerWheel::time_of(std::uint64_t tick) const {
  return start_ + static_cast<std::int64_t>(tick) * kTick;
}

void TimerWheel::arm(TimerNode& timer, MonotonicTime deadline) {
  timer.unlink();
  // Never in a tick that has passed: a timer that re-arms itself for the past would fire for ever.
  timer.tick_ = std::max(ticks_until(deadline), now_tick_ + 1);
  place(timer);
}

void TimerWheel::place(TimerNode& timer) {
  // Beyond the range: as far as the range goes, and on from there when that slot opens.
  const std::uint64_t farthest = wheel_tick_ + ((kSlots - 1) << kTopShift);
  const std::uint64_t tick = std::min(timer.tick_, farthest);
  // The highest digit in which it differs from now decides: all above are shared.
  const std::uint64_t differs = (tick ^ wheel_tick_) | 1U;
  const auto digit = static_cast<std::size_t>(std::bit_width(differs) - 1) / kSlotBits;
  const std::size_t index = std::min(digit, kLevels - 1);
  const std::size_t slot = (tick >> (index * kSlotBits)) % kSlots;
  levels_[index].slots[slot].push_back(timer);
  levels_[index].occupied |= std::uint64_t{1} << slot;
}

std::optional<TimerWheel::SlotPlace> TimerWheel::next_slot() {
  // Every slot of a level lies within the present slot of the level above: the first that is found
  // is the earliest.
  for (std::size_t index = 0; index < kLevels; ++index) {
    Level& level = levels_[index];
    const auto shift = static_cast<unsigned>(index * kSlotBits);
    const std::uint64_t present = wheel_tick_ >> shift;
    while (level.occupied != 0) {
      const std::uint64_t turned = std::rotr(level.occupied, static_cast<int>(present % kSlots));
      const auto ahead = static_cast<std::uint64_t>(std::countr_zero(turned));
      const std::size_t slot = (present + ahead) % kSlots;
      if (!level.slots[slot].empty()) {
        return SlotPlace{.level = index, .slot = slot, .tick = (present + ahead) << shift};
      }
      level.occupied &= ~(std::uint64_t{1} << slot);
    }
  }
  return std::nullopt;
}

void TimerWheel::open_slot(const SlotPlace& place_of) {
  Level& level = levels_[place_of.level];
  level.occupied &= ~(std::uint64_t{1} << place_of.slot);
  wheel_tick_ = std::max(wheel_tick_, place_of.tick);
  List opened;
  opened.splice_back(level.slots[place_of.slot]);
  while (TimerNode* const timer = opened.pop_front()) {
    if (timer->tick_ <= wheel_tick_) {
      due_.push_back(*timer);
    } else {
      place(*timer);
    }
  }
}

std::size_t TimerWheel::advance(MonotonicTime now) {
  now_tick_ = std::max(now_tick_, ticks_passed(now));
  std::size_t fired = 0;
  while (fired < kFiredMax) {
    if (TimerNode* const timer = due_.pop_front()) {
      ++fired;
      timer->on_timer(now);
      continue;
    }
    const std::optional<SlotPlace> next = next_slot();
    if (!next || next->tick > now_tick_) {
      wheel_tick_ = now_tick_;
      break;
    }
    open_slot(*next);
  }
  return fired;
}

std::optional<MonotonicTime> TimerWheel::next_deadline() {
  if (!due_.empty()) return time_of(now_tick_);
  const std::optional<SlotPlace> next = next_slot();
  if (!next) return std::nullopt;
  return time_of(next->tick);
}

}  // namespace pear::io
