// Mesh: a bounded ring from each core to each other core.
//
// What is sent from one core to another arrives in order. A full ring is an answer, not a wait: the
// sender keeps the record, or refuses what would have made it.
//
// Thread: attach() before the threads start, or on the core that it is about; send(from …) on core
//         `from`, drain(to …) on core `to`. A core drains before it sleeps, until nothing is left:
//         then a later send() wakes it.
// Memory: cores² rings, allocated by the constructor. What was not drained dies with the mesh.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/ids.h"
#include "base/spsc_ring.h"
#include "io/waker.h"

namespace pear::io {

template <typename Record>
class Mesh {
 public:
  // Records taken from one ring in one drain(), so that one core cannot keep another from its
  // sockets.
  static constexpr std::size_t kDrainMax = 256;

  struct Drained {
    std::size_t count = 0;
    bool more = false;  // Call again before sleeping.
  };

  // Rings of at least `capacity` records between `cores` cores.
  Mesh(std::size_t cores, std::size_t capacity) : wakers_(cores) {
    PEAR_ASSERT(cores >= 1, "a mesh has cores");
    rings_.reserve(cores * cores);
    for (std::size_t i = 0; i < cores * cores; ++i) {
      // A core sends to itself without a ring: send() refuses it, and the ring is as small as can
      // be.
      const bool is_own = i / cores == i % cores;
      rings_.push_back(std::make_unique<Ring>(is_own ? 1 : capacity));
    }
  }

  // `waker` is that of the core's reactor; it outlives the mesh's use. Every core is attached
  // before anything is sent to it.
  void attach(CoreId core, Waker& waker) { wakers_[index(core)] = &waker; }

  // Moves from `record` and wakes the core if it may sleep. False: the ring is full, and the record
  // unchanged.
  [[nodiscard]] bool send(CoreId from, CoreId to, Record&& record) {
    PEAR_DCHECK(from != to, "what a core tells itself needs no ring");
    switch (ring(from, to).try_push(std::move(record))) {
      case base::PushResult::Full:
        return false;
      case base::PushResult::Queued:
        return true;
      case base::PushResult::QueuedOnEmpty:
        wakers_[index(to)]->wake();
        return true;
    }
    PEAR_UNREACHABLE("every result is one of the three");
  }

  // Gives what has arrived to fn(CoreId from, Record&&), one sender after the other.
  template <typename Fn>
  Drained drain(CoreId to, Fn fn) {
    Drained drained;
    for (std::size_t i = 0; i < wakers_.size(); ++i) {
      const CoreId from{static_cast<std::uint16_t>(i)};
      if (from == to) continue;
      const std::size_t count =
          ring(from, to).drain([&](Record&& record) { fn(from, std::move(record)); }, kDrainMax);
      drained.count += count;
      drained.more = drained.more || count == kDrainMax;
    }
    return drained;
  }

  // The end, on the core that it is about: it sends nothing more but in answer to what it drains,
  // and goes on draining until all have left. Then nobody holds what is another's.
  void leave() {
    left_.fetch_add(1, std::memory_order_acq_rel);
    for (Waker* const waker : wakers_) waker->wake();
  }
  [[nodiscard]] bool all_left() const {
    return left_.load(std::memory_order_acquire) == wakers_.size();
  }

  // How many records are on their way: exact on either core while the other one rests.
  [[nodiscard]] std::size_t in_flight(CoreId from, CoreId to) const {
    return rings_[index(from) * wakers_.size() + index(to)]->size();
  }
  [[nodiscard]] std::size_t cores() const { return wakers_.size(); }

 private:
  using Ring = base::SpscRing<Record>;

  [[nodiscard]] std::size_t index(CoreId core) const {
    const auto i = static_cast<std::size_t>(core);
    PEAR_DCHECK(i < wakers_.size(), "there is no such core");
    return i;
  }
  [[nodiscard]] Ring& ring(CoreId from, CoreId to) {
    return *rings_[index(from) * wakers_.size() + index(to)];
  }

  std::vector<Waker*> wakers_;  // Borrowed.
  std::vector<std::unique_ptr<Ring>> rings_;
  std::atomic<std::size_t> left_{0};
};

}  // namespace pear::io
