// SpscRing: a bounded queue from one thread to one other thread, without locks and without waiting.
//
// Thread: try_push on the producer's thread, try_pop and drain on the consumer's; the queries from
//         either. Construction and destruction while neither is at work.
// Memory: all slots are allocated by the constructor; what is still queued dies with the ring.
//
// Waking. A consumer that sleeps when its ring is empty must not miss a push. try_push says
// QueuedOnEmpty whenever the consumer may have been told "empty" before this value was there: then,
// and only then, the producer wakes it. The consumer must have seen the ring empty (nullopt, or
// drain() that returned less than its maximum) before it sleeps; one that stops earlier comes back
// by itself.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"
#include "base/cache_line.h"

namespace pear::base {

enum class PushResult : std::uint8_t {
  Full,           // Not taken; the value is unchanged.
  Queued,         // The consumer has not seen the ring empty since the value before this one.
  QueuedOnEmpty,  // The consumer may have seen the ring empty: wake it.
};

template <typename T>
class SpscRing {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a value that is half moved would be lost");

 public:
  // Room for at least `capacity_min` values: rounded up to a power of two.
  explicit SpscRing(std::size_t capacity_min)
      : mask_(std::bit_ceil(capacity_min) - 1), slots_(std::make_unique<Slot[]>(mask_ + 1)) {
    PEAR_ASSERT(capacity_min >= 1, "a ring without room can carry nothing");
  }

  ~SpscRing() {
    while (try_pop()) {
    }
  }

  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;
  SpscRing(SpscRing&&) = delete;
  SpscRing& operator=(SpscRing&&) = delete;

  // Producer. Moves from `value` unless the ring is full.
  [[nodiscard]] PushResult try_push(T&& value) {
    const std::size_t tail = producer_.tail.load(std::memory_order_relaxed);
    if (tail - producer_.head_seen > mask_) {
      producer_.head_seen = consumer_.head.load(std::memory_order_acquire);
      if (tail - producer_.head_seen > mask_) return PushResult::Full;
    }
    std::construct_at(slots_[tail & mask_].value(), std::move(value));
    // Sequentially consistent, like the pair in refill(): of this store and the consumer's last
    // look at the tail one comes first, so either the consumer sees the value or we see that it was
    // idle.
    producer_.tail.store(tail + 1, std::memory_order_seq_cst);
    producer_.head_seen = consumer_.head.load(std::memory_order_seq_cst);
    return producer_.head_seen == tail ? PushResult::QueuedOnEmpty : PushResult::Queued;
  }

  // Consumer. The oldest value, or nothing when the ring is empty.
  [[nodiscard]] std::optional<T> try_pop() {
    const std::size_t head = consumer_.head.load(std::memory_order_relaxed);
    if (head == consumer_.tail_seen && !refill(head)) return std::nullopt;
    T* const value = slots_[head & mask_].value();
    std::optional<T> taken(std::move(*value));
    std::destroy_at(value);
    consumer_.head.store(head + 1, std::memory_order_release);
    return taken;
  }

  // Consumer. Gives up to `count_max` values to fn(T&&), oldest first; returns how many. Less than
  // `count_max` means that the ring was seen empty.
  template <typename Fn>
  std::size_t drain(Fn fn, std::size_t count_max = std::numeric_limits<std::size_t>::max()) {
    std::size_t count = 0;
    while (count < count_max) {
      std::optional<T> value = try_pop();
      if (!value) break;
      fn(std::move(*value));
      ++count;
    }
    return count;
  }

  // A moment's truth: exact on the side that is asked, unless the other one is at work.
  [[nodiscard]] std::size_t size() const {
    const std::size_t head = consumer_.head.load(std::memory_order_acquire);
    const std::size_t tail = producer_.tail.load(std::memory_order_acquire);
    return tail - head;
  }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

 private:
  class Slot {
   public:
    [[nodiscard]] T* value() { return reinterpret_cast<T*>(&bytes_); }

   private:
    alignas(T) std::array<std::byte, sizeof(T)> bytes_;
  };

  // Looks for values beyond tail_seen. False: none, and the producer will know that we looked.
  bool refill(std::size_t head) {
    consumer_.tail_seen = producer_.tail.load(std::memory_order_acquire);
    if (head != consumer_.tail_seen) return true;
    consumer_.head.store(head, std::memory_order_seq_cst);
    consumer_.tail_seen = producer_.tail.load(std::memory_order_seq_cst);
    return head != consumer_.tail_seen;
  }

  // Each side writes to its own line. The counters run on for ever; their difference is the size.
  struct alignas(kCacheLine) Producer {
    std::atomic<std::size_t> tail{0};
    std::size_t head_seen = 0;
  };
  struct alignas(kCacheLine) Consumer {
    std::atomic<std::size_t> head{0};
    std::size_t tail_seen = 0;
  };

  Producer producer_;
  Consumer consumer_;
  alignas(kCacheLine) const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace pear::base
