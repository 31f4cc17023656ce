// FloodBuckets: token buckets for what a client may do a few times but not for ever: a burst at
// once, then so many a second. Time is told, not read, so that every bound is exact.
//
// Thread: a value.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/time.h"

namespace pear::http {

struct FloodRate {
  std::uint32_t burst = 0;
  std::uint32_t per_second = 0;
};

template <std::size_t Kinds>
class FloodBuckets {
 public:
  explicit FloodBuckets(const std::array<FloodRate, Kinds>& rates) : rates_(rates) {
    for (std::size_t i = 0; i < Kinds; ++i) millitokens_[i] = rates_[i].burst * 1000ULL;
  }

  // One more of a kind. False: that was one too many.
  [[nodiscard]] bool count(std::size_t kind, MonotonicTime now) {
    PEAR_ASSERT(kind < Kinds, "only what has a bucket is counted here");
    refill(now);
    if (millitokens_[kind] < 1000) return false;
    millitokens_[kind] -= 1000;
    return true;
  }

 private:
  // A rate of n a second is n thousandths of a token a millisecond: no rounding anywhere.
  void refill(MonotonicTime now) {
    if (!started_) {
      started_ = true;
      refilled_ = now;
      return;
    }
    if (now <= refilled_) return;
    const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - refilled_);
    refilled_ += elapsed;
    // A day fills any bucket, and keeps the product far from its type's end.
    constexpr std::uint64_t kDay = 86'400'000;
    const std::uint64_t ms =
        std::min<std::uint64_t>(static_cast<std::uint64_t>(elapsed.count()), kDay);
    for (std::size_t i = 0; i < Kinds; ++i) {
      const std::uint64_t full = rates_[i].burst * 1000ULL;
      millitokens_[i] = std::min(full, millitokens_[i] + ms * rates_[i].per_second);
    }
  }

  std::array<FloodRate, Kinds> rates_;
  std::array<std::uint64_t, Kinds> millitokens_{};
  MonotonicTime refilled_{};  // A whole number of milliseconds after the first count.
  bool started_ = false;
};

}  // namespace pear::http
