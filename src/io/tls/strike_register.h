// StrikeRegister: the session tickets whose early data was taken, so that a copy of it (a replay)
// is not taken again.
//
// It lives in memory of a fixed layout without pointers, which a parent process can hold for its
// children: a restart forgets nothing. Sets of eight places hold a fingerprint of the ticket and
// when it came. A set that is full gives up its oldest place, unless that is younger than
// kWindow: then the early data is refused, and the handshake goes on. Older copies need no place:
// BoringSSL refuses early data whose ticket's age is off by more than 60 seconds.
//
// Two threads that bring the same ticket at once may both be refused; never are both let through.
//
// Source: RFC 8446, section 8.1 (single-use tickets), 8.3 (freshness).
// Thread: any; no locks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/time.h"

namespace pear::io::tls {

class StrikeRegister {
 public:
  static constexpr std::size_t kPlaces = 8;  // Of a set.
  struct alignas(64) Set {
    std::array<std::atomic<std::uint64_t>, kPlaces> places;  // Zero: free.
  };
  // Twice the age that BoringSSL tolerates, and what the clock's resolution here may add.
  static constexpr std::chrono::seconds kWindow{128};

  // Of this object alone; for `tickets` at least at a time.
  [[nodiscard]] static std::shared_ptr<StrikeRegister> in_process(std::size_t tickets);
  // In memory that others may use at the same time; it outlives this. Zeroes are an empty register.
  // Null when it is too small for one set or not aligned.
  [[nodiscard]] static std::shared_ptr<StrikeRegister> over(std::span<std::byte> shared);

  // Of one of the two above.
  StrikeRegister(std::unique_ptr<Set[]> own, std::span<Set> sets);

  // True, once: this ticket was not seen before. `ticket`: random bytes that no other ticket has.
  [[nodiscard]] bool strike(std::span<const std::uint8_t, 16> ticket, WallTime now);

  [[nodiscard]] std::size_t places() const { return sets_.size() * kPlaces; }

 private:
  std::unique_ptr<Set[]> own_;  // Null: the sets are shared memory.
  std::span<Set> sets_;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "locks would not cross processes");
static_assert(sizeof(StrikeRegister::Set) == 64, "processes of different builds share it");

}  // namespace pear::io::tls
