// Histogram: how long things took, at a fixed relative precision, in a fixed amount of memory.
//
// Source: the log-linear layout of HdrHistogram (Gil Tene). Values below 2^(SubBits + 1) units get
// a
//         bucket each; above, every doubling is divided into 2^SubBits buckets. A value is reported
//         as the middle of its bucket: off by at most 2^-(SubBits + 1) of itself.
// Thread: record() on one thread; snapshot() and add_to() on any, at any time. What they read is
//         never torn, but may lack the last few values.
// Memory: Histogram 7 KiB, PreciseHistogram 248 KiB, both in place.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.h"

namespace pear::base {

// Which bucket a number of nanoseconds belongs to. 2^UnitBits ns are one unit; values of 2^TopBits
// ns and more share the last bucket.
template <unsigned SubBits, unsigned UnitBits, unsigned TopBits>
struct LogLinearScale {
  static_assert(UnitBits + SubBits + 1 < TopBits && TopBits < 63);
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << TopBits) - 1;
  static constexpr std::size_t kBuckets = std::size_t{TopBits - UnitBits - SubBits + 1} << SubBits;

  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t ns) {
    const std::uint64_t units = std::min(ns, kValueMax) >> UnitBits;
    if (units < (std::uint64_t{2} << SubBits)) return units;
    const auto doublings = static_cast<unsigned>(std::bit_width(units)) - (SubBits + 1);
    return (std::size_t{doublings} << SubBits) + (units >> doublings);
  }

  // The smallest value of a bucket.
  [[nodiscard]] static constexpr std::uint64_t lower_bound(std::size_t bucket) {
    if (bucket < (std::size_t{2} << SubBits)) return std::uint64_t{bucket} << UnitBits;
    const auto doublings = static_cast<unsigned>((bucket >> SubBits) - 1);
    const std::uint64_t units = (bucket & ((std::size_t{1} << SubBits) - 1)) + (1U << SubBits);
    return units << (doublings + UnitBits);
  }

  [[nodiscard]] static constexpr std::uint64_t middle(std::size_t bucket) {
    const std::uint64_t low = lower_bound(bucket);
    return low + (lower_bound(bucket + 1) - low) / 2;
  }
};

// What a histogram held at one moment, or several of them added up. A value.
template <typename Scale>
class HistogramSnapshot {
 public:
  HistogramSnapshot() : counts_(Scale::kBuckets) {}

  void merge(const HistogramSnapshot& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ns_ += other.sum_ns_;
    max_ns_ = std::max(max_ns_, other.max_ns_);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::chrono::nanoseconds sum() const { return to_duration(sum_ns_); }
  [[nodiscard]] std::chrono::nanoseconds max() const { return to_duration(max_ns_); }
  [[nodiscard]] std::chrono::nanoseconds mean() const {
    return to_duration(count_ == 0 ? 0 : sum_ns_ / count_);
  }

  // The value that `percent` of all values do not exceed; 0 when there are none. 100 is max().
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const {
    if (count_ == 0) return {};
    const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
    const auto wanted =
        static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-6));
    if (wanted >= count_) return max();
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= std::max<std::uint64_t>(wanted, 1)) {
        return to_duration(std::min(Scale::middle(i), max_ns_));
      }
    }
    return max();
  }

  // How many values are at most `limit`, at the precision of the buckets: for the `le` buckets of
  // Prometheus. Never falls as `limit` grows.
  [[nodiscard]] std::uint64_t count_at_most(std::chrono::nanoseconds limit) const {
    if (limit.count() < 0) return 0;
    const std::size_t last = Scale::bucket_of(static_cast<std::uint64_t>(limit.count()));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i <= last; ++i) seen += counts_[i];
    return seen;
  }

 private:
  template <typename>
  friend class BasicHistogram;

  [[nodiscard]] static std::chrono::nanoseconds to_duration(std::uint64_t ns) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(ns));
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ns_ = 0;
  std::uint64_t max_ns_ = 0;
};

template <typename Scale>
class BasicHistogram {
 public:
  using Snapshot = HistogramSnapshot<Scale>;

  // A negative duration counts as zero.
  void record(std::chrono::nanoseconds value) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    add(counts_[Scale::bucket_of(ns)], 1);
    add(sum_ns_, ns);
    if (ns > max_ns_.load(std::memory_order_relaxed)) {
      max_ns_.store(ns, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] Snapshot snapshot() const {
    Snapshot taken;
    add_to(taken);
    return taken;
  }

  // Adds what is here to `total`: to sum up the histograms of several cores.
  void add_to(Snapshot& total) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const std::uint64_t count = counts_[i].load(std::memory_order_relaxed);
      total.counts_[i] += count;
      total.count_ += count;
    }
    total.sum_ns_ += sum_ns_.load(std::memory_order_relaxed);
    total.max_ns_ = std::max(total.max_ns_, max_ns_.load(std::memory_order_relaxed));
  }

 private:
  // One writer: a plain load and store, no locked instruction.
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, Scale::kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_ns_{0};
  std::atomic<std::uint64_t> max_ns_{0};
};

// For the server: 1 us to 137 s within 1.6 %.
using Histogram = BasicHistogram<LogLinearScale<5, 5, 37>>;
// For measuring: 1 us to 18 min within 0.05 %, three significant digits.
using PreciseHistogram = BasicHistogram<LogLinearScale<10, 0, 40>>;

static_assert(sizeof(Histogram) <= 8192, "each site has several on each core");

}  // namespace pear::base
