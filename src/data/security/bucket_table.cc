#include "data/security/bucket_table.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace pear::security {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

// The two lowest bits of a name say that it is one, and that it is kept.
constexpr std::uint64_t kNamed = 0b01;
constexpr std::uint64_t kKept = 0b10;
// In the place of a name while a core makes another bucket there.
constexpr std::uint64_t kInTheMaking = kKept;

// How often a place is looked for again that another core was faster to take.
constexpr int kTries = 8;

}  // namespace

BucketTable::BucketTable(std::size_t entries)
    : set_count_(std::bit_ceil((std::max<std::size_t>(entries, 1) + kWays - 1) / kWays)),
      sets_(std::make_unique<Set[]>(set_count_)) {}

// Who sees a time of the next bucket sees as well that the name is no longer this one (make).
bool BucketTable::take_from(Bucket& bucket, std::uint64_t name, const BucketRule& rule,
                            std::uint64_t now_ns, Answer& answer) {
  std::uint64_t full_at_ns = bucket.full_at_ns.load(kAcquire);
  while (bucket.name.load(kRelaxed) == name) {
    const BucketAnswer taken = take_token(full_at_ns, now_ns, rule);
    answer.allowed = taken.allowed;
    answer.wait = taken.wait;
    if (!taken.allowed) return true;
    if (bucket.full_at_ns.compare_exchange_weak(full_at_ns, taken.full_at_ns, kAcquire))
      return true;
  }
  return false;
}

BucketTable::Bucket* BucketTable::find(Set& set, std::uint64_t name) {
  auto* const found = std::ranges::find_if(
      set.buckets, [name](const Bucket& bucket) { return bucket.name.load(kAcquire) == name; });
  return found == set.buckets.end() ? nullptr : found;
}

// The first that is free; else the one that is full again soonest, of those that are kept only
// where there are no others.
BucketTable::Place BucketTable::place_in(Set& set, std::uint64_t now_ns) {
  Place best;
  std::uint64_t best_cost = std::numeric_limits<std::uint64_t>::max();
  for (Bucket& bucket : set.buckets) {
    const Place place{.bucket = &bucket,
                      .name = bucket.name.load(kRelaxed),
                      .full_at_ns = bucket.full_at_ns.load(kRelaxed)};
    if (place.name == kInTheMaking) continue;
    if (place.full_at_ns <= now_ns) return place;
    const std::uint64_t kept = (place.name & kKept) != 0 ? std::uint64_t{1} << 63U : 0;
    const std::uint64_t cost = kept | place.full_at_ns;  // Times fit in 63 bits.
    if (best.bucket != nullptr && cost >= best_cost) continue;
    best = place;
    best_cost = cost;
  }
  return best;
}

// The time changes between the two names, and only from what was seen: nobody's token ends up in
// the bucket of another, and a place whose bucket was used meanwhile is given back to it.
bool BucketTable::make(const Place& place, std::uint64_t name, const BucketRule& rule,
                       std::uint64_t now_ns) {
  std::uint64_t old_name = place.name;
  if (!place.bucket->name.compare_exchange_strong(old_name, kInTheMaking, kRelaxed)) return false;
  std::uint64_t seen = place.full_at_ns;
  const bool made = place.bucket->full_at_ns.compare_exchange_strong(
      seen, take_token(0, now_ns, rule).full_at_ns, kRelease, kRelaxed);
  place.bucket->name.store(made ? name : place.name, kRelease);
  return made;
}

BucketTable::Answer BucketTable::take(std::uint64_t hash, const BucketRule& rule, Keep keep,
                                      MonotonicTime now) {
  const std::uint64_t name =
      (hash & ~(kNamed | kKept)) | kNamed | (keep == Keep::Always ? kKept : 0);
  const std::uint64_t now_ns = to_ns(now);
  // The high bits choose the set; all but two of them tell the buckets in it apart.
  Set& set = sets_[(hash >> 32U) & (set_count_ - 1)];
  Answer answer;
  for (int tries = 0; tries < kTries; ++tries) {
    if (Bucket* const bucket = find(set, name)) {
      if (take_from(*bucket, name, rule, now_ns, answer)) return answer;
      continue;
    }
    const Place place = place_in(set, now_ns);
    if (place.bucket == nullptr) break;
    if (!make(place, name, rule, now_ns)) continue;
    answer.forgot = place.full_at_ns > now_ns;
    return answer;
  }
  return answer;  // As if it had been made, and had given way.
}

}  // namespace pear::security
