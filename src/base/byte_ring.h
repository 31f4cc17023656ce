// SpscByteRing: a bounded queue of records of any length (log lines) from one thread to another.
//
// Each record is contiguous, so it can be formatted in place and written out from where it lies.
//
// Thread: reserve and commit on the producer's thread, peek and consume on the consumer's; capacity
//         from any. As in SpscRing, QueuedOnEmpty tells the producer to wake a consumer that
//         sleeps.
// Memory: one block, allocated by the constructor. A record that finds no room is not taken; the
//         producer counts it.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "base/cache_line.h"
#include "base/spsc_ring.h"

namespace pear::base {

class SpscByteRing {
 public:
  // At least `capacity_min` bytes, records' 8-byte heads included: rounded up to a power of two.
  explicit SpscByteRing(std::size_t capacity_min)
      : mask_(std::bit_ceil(std::max(capacity_min, kCapacityMin)) - 1),
        bytes_(std::make_unique_for_overwrite<char[]>(mask_ + 1)) {
    PEAR_ASSERT(mask_ < kSkip, "a record's length must fit in its head");
  }

  // The longest record that an empty ring is sure to take.
  [[nodiscard]] std::size_t record_max() const { return capacity() / 2 - kHeadBytes; }
  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

  // Producer. Room for a record of up to `length` bytes, or nothing when the ring is too full or
  // `length` is beyond record_max(). A reservation that is not committed is forgotten.
  [[nodiscard]] std::optional<std::span<char>> reserve(std::size_t length) {
    if (length > record_max()) return std::nullopt;
    const std::size_t tail = producer_.tail.load(std::memory_order_relaxed);
    const std::size_t to_end = capacity() - (tail & mask_);
    const std::size_t needed = record_bytes(length);
    const std::size_t skipped = needed <= to_end ? 0 : to_end;
    if (!has_room(tail, skipped + needed)) return std::nullopt;
    producer_.skipped = skipped;
    producer_.reserved = length;
    return std::span(at(tail + skipped + kHeadBytes), length);
  }

  // Producer. Publishes the first `length` bytes of the last reservation, with a word of the
  // producer's own. Never Full.
  PushResult commit(std::size_t length, std::uint32_t tag = 0) {
    PEAR_ASSERT(length <= producer_.reserved, "more was written than was reserved");
    const std::size_t tail = producer_.tail.load(std::memory_order_relaxed);
    if (producer_.skipped != 0) write_head(tail, kSkip);
    write_head(tail + producer_.skipped, static_cast<std::uint32_t>(length), tag);
    const std::size_t end = tail + producer_.skipped + record_bytes(length);
    producer_.skipped = 0;
    producer_.reserved = 0;
    producer_.tail.store(end, std::memory_order_seq_cst);
    producer_.head_seen = consumer_.head.load(std::memory_order_seq_cst);
    return producer_.head_seen == tail ? PushResult::QueuedOnEmpty : PushResult::Queued;
  }

  // Producer. Both at once for a record that exists already; Full when it finds no room.
  [[nodiscard]] PushResult try_push(std::string_view record) {
    const auto room = reserve(record.size());
    if (!room) return PushResult::Full;
    std::ranges::copy(record, room->begin());
    return commit(record.size());
  }

  // Producer. Calls visit(length, tag) once for each record that the consumer has freed, as far as
  // reserve(), commit() and look() have seen. After every reserve(), whose room may lie where such
  // a record was, and before anything is written there.
  template <typename Visit>
  void each_freed(Visit visit) {
    while (producer_.settled != producer_.head_seen) {
      const std::uint32_t length = read_head(producer_.settled);
      if (length == kSkip) {
        producer_.settled += capacity() - (producer_.settled & mask_);
        continue;
      }
      visit(std::size_t{length}, read_tag(producer_.settled));
      producer_.settled += record_bytes(length);
    }
  }
  // Producer. Sees what the consumer has freed by now.
  void look() { producer_.head_seen = consumer_.head.load(std::memory_order_acquire); }

  // Consumer. The oldest record, or nothing when the ring is empty. Valid until consume().
  [[nodiscard]] std::optional<std::string_view> peek() {
    std::size_t head = consumer_.head.load(std::memory_order_relaxed);
    if (head == consumer_.tail_seen && !refill(head)) return std::nullopt;
    std::uint32_t length = read_head(head);
    if (length == kSkip) {
      // The producer publishes a skip and the record after it at once: the record is there.
      head += capacity() - (head & mask_);
      consumer_.head.store(head, std::memory_order_release);
      length = read_head(head);
    }
    return std::string_view(at(head + kHeadBytes), length);
  }

  // Consumer. Frees the record that peek() gave.
  void consume() {
    const std::size_t head = consumer_.head.load(std::memory_order_relaxed);
    PEAR_ASSERT(head != consumer_.tail_seen, "peek() comes first, and gave a record");
    consumer_.head.store(head + record_bytes(read_head(head)), std::memory_order_release);
  }

 private:
  static constexpr std::size_t kHeadBytes = 8;  // Length and tag; keeps every record aligned.
  static constexpr std::size_t kCapacityMin = 64;
  static constexpr std::uint32_t kSkip = 0xFFFF'FFFFU;  // Nothing until the end of the block.

  [[nodiscard]] static constexpr std::size_t record_bytes(std::size_t length) {
    return kHeadBytes + ((length + 7U) & ~std::size_t{7});
  }
  [[nodiscard]] char* at(std::size_t position) { return bytes_.get() + (position & mask_); }

  void write_head(std::size_t position, std::uint32_t length, std::uint32_t tag = 0) {
    std::memcpy(at(position), &length, sizeof(length));
    std::memcpy(at(position) + sizeof(length), &tag, sizeof(tag));
  }
  [[nodiscard]] std::uint32_t read_tag(std::size_t position) {
    std::uint32_t tag = 0;
    std::memcpy(&tag, at(position) + sizeof(tag), sizeof(tag));
    return tag;
  }
  [[nodiscard]] std::uint32_t read_head(std::size_t position) {
    std::uint32_t length = 0;
    std::memcpy(&length, at(position), sizeof(length));
    return length;
  }

  bool has_room(std::size_t tail, std::size_t needed) {
    if (capacity() - (tail - producer_.head_seen) >= needed) return true;
    producer_.head_seen = consumer_.head.load(std::memory_order_acquire);
    return capacity() - (tail - producer_.head_seen) >= needed;
  }

  // As in SpscRing.
  bool refill(std::size_t head) {
    consumer_.tail_seen = producer_.tail.load(std::memory_order_acquire);
    if (head != consumer_.tail_seen) return true;
    consumer_.head.store(head, std::memory_order_seq_cst);
    consumer_.tail_seen = producer_.tail.load(std::memory_order_seq_cst);
    return head != consumer_.tail_seen;
  }

  struct alignas(kCacheLine) Producer {
    std::atomic<std::size_t> tail{0};
    std::size_t head_seen = 0;
    std::size_t settled = 0;   // Up to here each_freed() has visited.
    std::size_t skipped = 0;   // By the reservation: bytes up to the end of the block.
    std::size_t reserved = 0;  // Its length.
  };
  struct alignas(kCacheLine) Consumer {
    std::atomic<std::size_t> head{0};
    std::size_t tail_seen = 0;
  };

  Producer producer_;
  Consumer consumer_;
  alignas(kCacheLine) const std::size_t mask_;
  const std::unique_ptr<char[]> bytes_;
};

}  // namespace pear::base
