#include "data/security/bucket_table.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace pear::security {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // Nothing else is told by these numbers.

// The two lowest bits of a name say that it is one, and that it is kept.
constexpr std::uint64_t kNamed = 0b01;
constexpr std::uint64_t kKept = 0b10;

// How often a place is looked for again that another core was faster to take.
constexpr int kTries = 8;

}  // namespace

BucketTable::BucketTable(std::size_t entries)
    : set_count_(std::bit_ceil((std::max<std::size_t>(entries, 1) + kWays - 1) / kWays)),
      sets_(std::make_unique<Set[]>(set_count_)) {}

BucketTable::Answer BucketTable::take_from(Bucket& bucket, const BucketRule& rule,
                                           std::uint64_t now_ns) {
  std::uint64_t full_at_ns = bucket.full_at_ns.load(kRelaxed);
  while (true) {
    const BucketAnswer answer = take_token(full_at_ns, now_ns, rule);
    if (!answer.allowed) return {.allowed = false, .wait = answer.wait};
    if (bucket.full_at_ns.compare_exchange_weak(full_at_ns, answer.full_at_ns, kRelaxed)) return {};
  }
}

BucketTable::Bucket* BucketTable::find(Set& set, std::uint64_t name) {
  auto* const found = std::ranges::find_if(
      set.buckets, [name](const Bucket& bucket) { return bucket.name.load(kRelaxed) == name; });
  return found == set.buckets.end() ? nullptr : found;
}

// The first that is free, so that cores that look for the same bucket at once meet in one place;
// else the one that is full again soonest, of those that are kept only where there are no others.
BucketTable::Place BucketTable::place_in(Set& set, std::uint64_t now_ns) {
  Place best;
  std::uint64_t best_cost = std::numeric_limits<std::uint64_t>::max();
  for (Bucket& bucket : set.buckets) {
    const Place place{.bucket = &bucket,
                      .name = bucket.name.load(kRelaxed),
                      .full_at_ns = bucket.full_at_ns.load(kRelaxed)};
    if (place.full_at_ns <= now_ns) return place;
    const std::uint64_t kept = (place.name & kKept) != 0 ? std::uint64_t{1} << 63U : 0;
    const std::uint64_t cost = kept | place.full_at_ns;  // Times fit in 63 bits.
    if (best.bucket != nullptr && cost >= best_cost) continue;
    best = place;
    best_cost = cost;
  }
  return best;
}

BucketTable::Answer BucketTable::take(std::uint64_t hash, const BucketRule& rule, Keep keep,
                                      MonotonicTime now) {
  const std::uint64_t name =
      (hash & ~(kNamed | kKept)) | kNamed | (keep == Keep::Always ? kKept : 0);
  const std::uint64_t now_ns = to_ns(now);
  // The high bits choose the set; all but two of them tell the buckets in it apart.
  Set& set = sets_[(hash >> 32U) & (set_count_ - 1)];
  for (int tries = 0; tries < kTries; ++tries) {
    if (Bucket* const bucket = find(set, name)) return take_from(*bucket, rule, now_ns);
    Place place = place_in(set, now_ns);
    if (!place.bucket->name.compare_exchange_strong(place.name, name, kRelaxed)) continue;
    const bool forgot = place.full_at_ns > now_ns;
    const BucketAnswer fresh = take_token(0, now_ns, rule);
    std::uint64_t seen = place.full_at_ns;
    if (place.bucket->full_at_ns.compare_exchange_strong(seen, fresh.full_at_ns, kRelaxed)) {
      return {.forgot = forgot};
    }
    // Another core has found the bucket under its new name already, or was not done with the old.
    Answer answer = take_from(*place.bucket, rule, now_ns);
    answer.forgot = forgot;
    return answer;
  }
  return {};  // As if it had been made, and had given way.
}

}  // namespace pear::security
