#include "data/security/address_counts.h"

#include <algorithm>
#include <bit>

namespace pear::security {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // Nothing else is told by these numbers.
constexpr unsigned kCountBits = 24;
constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

// How often a place is looked for again that another core was faster to take.
constexpr int kTries = 8;

// Of one core: all of them together stay below kCountMask.
constexpr std::uint32_t kUnitsMax = (1U << 16U) - 1;

std::uint64_t count_of(std::uint64_t word) {
  return word & kCountMask;
}

}  // namespace

AddressCounts::AddressCounts(std::size_t connections)
    : set_count_(std::bit_ceil((std::max<std::size_t>(2 * connections, 1) + kWays - 1) / kWays)),
      sets_(std::make_unique<Set[]>(set_count_)) {}

bool AddressCounts::add_one(std::uint64_t hash, std::uint64_t most, Word*& word) {
  const std::uint64_t name = hash & ~kCountMask;
  Set& set = sets_[(hash * 0x9E3779B97F4A7C15U >> 32U) & (set_count_ - 1)];
  word = nullptr;
  for (int tries = 0; tries < kTries; ++tries) {
    Word* place = nullptr;  // Its own, or else the first that is free.
    std::uint64_t seen = 0;
    for (Word& candidate : set.words) {
      const std::uint64_t value = candidate.load(kRelaxed);
      const bool own = count_of(value) != 0 && (value & ~kCountMask) == name;
      if (!own && (place != nullptr || count_of(value) != 0)) continue;
      place = &candidate;
      seen = value;
      if (own) break;
    }
    if (place == nullptr) return true;  // No room: not counted.
    if (count_of(seen) >= most) return false;
    if (place->compare_exchange_strong(seen, (name | count_of(seen)) + 1, kRelaxed)) {
      word = place;
      return true;
    }
  }
  return true;
}

std::optional<CountedConnection> AddressCounts::count(std::uint64_t hash,
                                                      std::uint32_t connections_max) {
  Word* word = nullptr;
  if (!add_one(hash, connections_max, word)) return std::nullopt;
  return word == nullptr ? CountedConnection() : CountedConnection(*word);
}

CountedShare AddressCounts::share(std::uint64_t hash) {
  Word* word = nullptr;
  static_cast<void>(add_one(hash, kCountMask, word));
  return CountedShare(word);
}

void CountedShare::set(std::uint32_t units) {
  const std::uint32_t wanted = std::clamp<std::uint32_t>(units, 1, kUnitsMax);
  const std::uint32_t before = std::exchange(units_, wanted);
  if (word_ == nullptr || wanted == before) return;
  if (wanted > before) {
    word_->fetch_add(wanted - before, kRelaxed);
  } else {
    word_->fetch_sub(before - wanted, kRelaxed);
  }
}

std::uint32_t CountedShare::total() const {
  return word_ == nullptr ? units_ : static_cast<std::uint32_t>(count_of(word_->load(kRelaxed)));
}

}  // namespace pear::security
