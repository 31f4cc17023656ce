#include "io/tls/ticket_keys.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace pear::io::tls {
namespace {

using Slot = TicketKeyRing::Slot;
using Words = std::array<std::uint64_t, TicketKeyRing::kKeyWords>;
static_assert(sizeof(Words) == sizeof(TicketKeys::Key));

enum class Phase : std::uint8_t { Empty = 0, Writing = 1, Ready = 2 };

// Part of each check: a ring of another layout holds no valid key.
constexpr std::uint64_t kLayout = 0x5065'6172'544b'0001;  // "PearTK", version 1.
constexpr unsigned kPhaseShift = 62;

constexpr std::uint64_t state_of(Phase phase, std::int64_t seconds) {
  return std::uint64_t{static_cast<std::uint8_t>(phase)} << kPhaseShift |
         (static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)) &
          ((std::uint64_t{1} << kPhaseShift) - 1));
}
constexpr std::uint8_t phase_bits(std::uint64_t state) {
  return static_cast<std::uint8_t>(state >> kPhaseShift);
}
constexpr bool is(Phase phase, std::uint64_t state) {
  return phase_bits(state) == static_cast<std::uint8_t>(phase);
}
constexpr std::int64_t seconds_of(std::uint64_t state) {
  return static_cast<std::int64_t>(state & ((std::uint64_t{1} << kPhaseShift) - 1));
}

constexpr std::int64_t count_s(std::chrono::seconds duration) {
  return duration.count();
}

std::int64_t seconds_since_1970(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::uint64_t check_of(std::uint64_t state, const Words& words) {
  std::array<std::uint64_t, TicketKeyRing::kKeyWords + 2> text{};
  text[0] = kLayout;
  text[1] = state;
  std::ranges::copy(words, text.begin() + 2);
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), sizeof(text), digest.data());
  OPENSSL_cleanse(text.data(), sizeof(text));
  std::uint64_t check = 0;
  std::memcpy(&check, digest.data(), sizeof(check));
  return check;
}

TicketKeys::Key key_of(const Words& words) {
  return std::bit_cast<TicketKeys::Key>(words);
}

struct Read {
  std::uint64_t state = 0;
  Words words{};
};

// A key that was whole while it was read, and not too old; a clock that was set back makes keys of
// the future, which are as good.
std::optional<Read> read_slot(const Slot& slot, std::int64_t now_s) {
  Read read{.state = slot.state.load(std::memory_order_acquire)};
  if (!is(Phase::Ready, read.state)) return std::nullopt;
  const std::int64_t age_s = now_s - seconds_of(read.state);
  const std::int64_t age_max_s = count_s(TicketKeys::kAcceptFor);
  if (age_s >= age_max_s || age_s <= -age_max_s) return std::nullopt;
  // Acquiring loads, so that the state is read again after them.
  for (std::size_t i = 0; i < read.words.size(); ++i) {
    read.words[i] = slot.words[i].load(std::memory_order_acquire);
  }
  const std::uint64_t check = slot.check.load(std::memory_order_acquire);
  if (slot.state.load(std::memory_order_relaxed) != read.state) return std::nullopt;
  if (check != check_of(read.state, read.words)) return std::nullopt;
  return read;
}

}  // namespace

TicketKeys::TicketKeys(std::unique_ptr<TicketKeyRing> own, TicketKeyRing& ring)
    : own_(std::move(own)), ring_(ring) {}

TicketKeys::~TicketKeys() {
  if (own_ == nullptr) return;
  for (Slot& slot : own_->slots) {
    for (auto& word : slot.words) word.store(0, std::memory_order_relaxed);
  }
}

std::shared_ptr<TicketKeys> TicketKeys::in_process() {
  auto own = std::make_unique<TicketKeyRing>();
  TicketKeyRing& ring = *own;
  return std::make_shared<TicketKeys>(std::move(own), ring);
}

std::shared_ptr<TicketKeys> TicketKeys::over(std::span<std::byte> shared) {
  if (shared.size() < kSharedBytes ||
      reinterpret_cast<std::uintptr_t>(shared.data()) % alignof(TicketKeyRing) != 0) {
    return nullptr;
  }
  // Not constructed: what other processes wrote there is what it holds.
  auto& ring = *std::launder(reinterpret_cast<TicketKeyRing*>(shared.data()));
  return std::make_shared<TicketKeys>(nullptr, ring);
}

TicketKeys::Newest TicketKeys::newest(std::int64_t now_s) const {
  Newest newest;
  for (const Slot& slot : ring_.slots) {
    auto read = read_slot(slot, now_s);
    if (!read) continue;
    if (!newest.key || seconds_of(read->state) > newest.made_s) {
      newest = {.key = key_of(read->words), .made_s = seconds_of(read->state)};
    }
    OPENSSL_cleanse(&*read, sizeof(*read));
  }
  return newest;
}

// Takes the place of what is of least use: nothing readable first, then the oldest. While another
// writes, it does nothing.
void TicketKeys::make_key(std::int64_t now_s) {
  Slot* chosen = nullptr;
  std::uint64_t chosen_state = 0;
  std::int64_t oldest_s = 0;
  for (Slot& slot : ring_.slots) {
    const std::uint64_t state = slot.state.load(std::memory_order_acquire);
    const std::int64_t age_s = now_s - seconds_of(state);
    if (is(Phase::Writing, state) && age_s < count_s(kWriteMax) && age_s > -count_s(kWriteMax)) {
      return;
    }
    const auto read = read_slot(slot, now_s);
    const std::int64_t made_s = read ? seconds_of(read->state) : -1;
    if (chosen == nullptr || made_s < oldest_s) {
      chosen = &slot;
      chosen_state = state;
      oldest_s = made_s;
    }
  }
  if (!chosen->state.compare_exchange_strong(chosen_state, state_of(Phase::Writing, now_s),
                                             std::memory_order_acq_rel)) {
    return;
  }
  Words words{};
  RAND_bytes(reinterpret_cast<std::uint8_t*>(words.data()), sizeof(words));
  const std::uint64_t ready = state_of(Phase::Ready, now_s);
  // Releasing stores: none of them is seen before the slot says Writing.
  for (std::size_t i = 0; i < words.size(); ++i) {
    chosen->words[i].store(words[i], std::memory_order_release);
  }
  chosen->check.store(check_of(ready, words), std::memory_order_release);
  // One who was slow must not publish what another has begun to write over.
  std::uint64_t writing = state_of(Phase::Writing, now_s);
  chosen->state.compare_exchange_strong(writing, ready, std::memory_order_release,
                                        std::memory_order_relaxed);
  OPENSSL_cleanse(words.data(), sizeof(words));
}

std::optional<TicketKeys::Key> TicketKeys::current(WallTime now) {
  const std::int64_t now_s = seconds_since_1970(now);
  const Newest found = newest(now_s);
  if (found.key && now_s - found.made_s < count_s(kRenewAfter)) return found.key;
  make_key(now_s);
  return newest(now_s).key;
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const std::uint8_t, 16> name,
                                                  WallTime now) const {
  const std::int64_t now_s = seconds_since_1970(now);
  for (const Slot& slot : ring_.slots) {
    const auto read = read_slot(slot, now_s);
    if (!read) continue;
    Found found{.key = key_of(read->words)};
    if (!std::ranges::equal(found.key.name, name)) continue;
    found.is_current = now_s - seconds_of(read->state) < count_s(kRenewAfter);
    return found;
  }
  return std::nullopt;
}

}  // namespace pear::io::tls
