// BucketTable: the token buckets of the whole server, found by the hash of what they are about.
//
// All cores use the one table, without locks: a bucket is one atomic number (token_bucket.h), so a
// rate is kept exactly, however its requests are spread over cores. Only what is allowed is
// written: the traffic between cores is bounded by the rates themselves, and a refusal only reads.
//
// A bucket's place is one of eight in two cache lines. A bucket that is full again is no different
// from none, so its place is free; nothing needs to be swept. Where all eight are in use, the one
// that will be full again soonest gives way: it has the least to lose, and one that is at its limit
// is the last to go. Buckets that are for everybody (Keep::Always) give way to no others, so that
// nobody can wash a site's limit away with many addresses.
//
// Where two cores make the same bucket in the same instant, it may be there twice, and one of the
// two is used from then on: a token comes back.
//
// Source: README.md has the reasons and the figures.
// Thread: any.
// Memory: fixed when it is made: 16 bytes for each of its places.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/time.h"
#include "data/security/token_bucket.h"

namespace pear::security {

enum class Keep : std::uint8_t { AsLongAsThereIsRoom, Always };

class BucketTable {
 public:
  // At least so many places; the next power of two.
  explicit BucketTable(std::size_t entries);

  struct Answer {
    bool allowed = true;
    std::chrono::nanoseconds wait{};  // Where it is not: until one would be.
    bool forgot = false;              // Another bucket that was in use gave way.
  };
  // Takes a token from the bucket of this hash.
  [[nodiscard]] Answer take(std::uint64_t hash, const BucketRule& rule, Keep keep,
                            MonotonicTime now);

  [[nodiscard]] std::size_t entries() const { return set_count_ * kWays; }

 private:
  static constexpr std::size_t kWays = 8;
  struct Bucket {
    std::atomic<std::uint64_t> name{0};  // 0: nobody's yet.
    std::atomic<std::uint64_t> full_at_ns{0};
  };
  struct alignas(128) Set {
    std::array<Bucket, kWays> buckets;
  };
  static_assert(sizeof(Set) == 128, "two cache lines, which are fetched together");
  // What is in the way of a new bucket, as it was seen.
  struct Place {
    Bucket* bucket = nullptr;
    std::uint64_t name = 0;
    std::uint64_t full_at_ns = 0;
  };

  // False where the place is no longer that of this name.
  [[nodiscard]] static bool take_from(Bucket& bucket, std::uint64_t name, const BucketRule& rule,
                                      std::uint64_t now_ns, Answer& answer);
  [[nodiscard]] static Bucket* find(Set& set, std::uint64_t name);
  // Without a bucket where others are in the making in all of the set.
  [[nodiscard]] static Place place_in(Set& set, std::uint64_t now_ns);
  // Makes a bucket there, and takes its first token. False where another core was faster.
  [[nodiscard]] static bool make(const Place& place, std::uint64_t name, const BucketRule& rule,
                                 std::uint64_t now_ns);

  std::size_t set_count_;
  std::unique_ptr<Set[]> sets_;
};

}  // namespace pear::security
