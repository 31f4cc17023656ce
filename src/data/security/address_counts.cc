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

std::uint64_t count_of(std::uint64_t word) {
  return word & kCountMask;
}

}  // namespace

AddressCounts::AddressCounts(std::size_t connections)
    : set_count_(std::bit_ceil((std::max<std::size_t>(2 * connections, 1) + kWays - 1) / kWays)),
      sets_(std::make_unique<Set[]>(set_count_)) {}

std::optional<CountedConnection> AddressCounts::count(std::uint64_t hash,
                                                      std::uint32_t connections_max) {
  const std::uint64_t name = hash & ~kCountMask;
  Set& set = sets_[(hash * 0x9E3779B97F4A7C15U >> 32U) & (set_count_ - 1)];
  for (int tries = 0; tries < kTries; ++tries) {
    Word* place = nullptr;  // Its own, or else the first that is free.
    std::uint64_t seen = 0;
    for (Word& word : set.words) {
      const std::uint64_t value = word.load(kRelaxed);
      const bool own = count_of(value) != 0 && (value & ~kCountMask) == name;
      if (!own && (place != nullptr || count_of(value) != 0)) continue;
      place = &word;
      seen = value;
      if (own) break;
    }
    if (place == nullptr) return CountedConnection();  // No room: not counted.
    if (count_of(seen) >= connections_max) return std::nullopt;
    if (place->compare_exchange_strong(seen, (name | count_of(seen)) + 1, kRelaxed)) {
      return CountedConnection(*place);
    }
  }
  return CountedConnection();
}

}  // namespace pear::security
