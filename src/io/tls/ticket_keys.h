// TicketKeys: the keys that session tickets are sealed with. They change every 12 hours and are
// shared by all threads, processes and restarts that should resume each other's sessions.
//
// They live in a TicketKeyRing: plain memory of a fixed layout without pointers, which a parent
// process can hold for its children. Whoever first finds the newest key too old makes the next one.
// Each key has a slot with a word of state, changed by compare-and-swap; readers never wait. A
// writer that dies leaves a slot that others take over a minute later. A slot whose checksum does
// not fit, because the memory is garbage or of another layout, counts as empty.
//
// A ticket is AES-256-CBC with HMAC-SHA256 (encrypt, then authenticate), not an AEAD: BoringSSL
// lets only this form renew a TLS 1.2 ticket of an older key, and a random IV of 128 bits sets no
// bound to how many tickets one key may seal.
//
// Source: RFC 5077, section 4; RFC 8446, section 4.6.1. The readers' scheme: Boehm, "Can seqlocks
//         get along with programming language memory models?", 2012.
// Thread: any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/time.h"

namespace pear::io::tls {

// Zeroes are a valid ring without keys.
struct TicketKeyRing {
  static constexpr std::size_t kSlots = 4;
  static constexpr std::size_t kKeyWords = 10;  // 16 bytes of name, 32 and 32 of key.

  struct Slot {
    std::atomic<std::uint64_t> state;  // Phase in the top two bits, seconds since 1970 below.
    std::array<std::atomic<std::uint64_t>, kKeyWords> words;
    std::atomic<std::uint64_t> check;  // Of the layout, the state and the words.
  };
  alignas(64) std::array<Slot, kSlots> slots;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "locks would not cross processes");
static_assert(sizeof(TicketKeyRing) == 384, "processes of different builds share it");

class TicketKeys {
 public:
  static constexpr std::chrono::hours kRenewAfter{12};
  // No ticket is accepted that was sealed with an older key.
  static constexpr std::chrono::hours kAcceptFor{24};
  // A writer that takes longer has died.
  static constexpr std::chrono::seconds kWriteMax{60};
  static constexpr std::size_t kSharedBytes = sizeof(TicketKeyRing);

  struct Key {
    std::array<std::uint8_t, 16> name{};
    std::array<std::uint8_t, 32> encryption{};
    std::array<std::uint8_t, 32> authentication{};
  };
  struct Found {
    Key key;
    bool is_current = false;  // Else the ticket is to be renewed.
  };

  // Keys of this object alone.
  [[nodiscard]] static std::shared_ptr<TicketKeys> in_process();
  // Keys in memory that others may use at the same time; it outlives this. Null when it is smaller
  // than kSharedBytes or not aligned as a TicketKeyRing.
  [[nodiscard]] static std::shared_ptr<TicketKeys> over(std::span<std::byte> shared);

  // Of one of the two above.
  TicketKeys(std::unique_ptr<TicketKeyRing> own, TicketKeyRing& ring);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  TicketKeys(TicketKeys&&) = delete;
  TicketKeys& operator=(TicketKeys&&) = delete;

  // To seal with: made now, if the newest is 12 hours old. None in the moment in which another
  // makes the first one: then there is no ticket.
  [[nodiscard]] std::optional<Key> current(WallTime now);
  // To open a ticket with.
  [[nodiscard]] std::optional<Found> find(std::span<const std::uint8_t, 16> name,
                                          WallTime now) const;

 private:
  struct Newest {
    std::optional<Key> key;
    std::int64_t made_s = 0;
  };
  [[nodiscard]] Newest newest(std::int64_t now_s) const;
  void make_key(std::int64_t now_s);

  std::unique_ptr<TicketKeyRing> own_;  // Null: the ring is shared memory.
  TicketKeyRing& ring_;
};

}  // namespace pear::io::tls
