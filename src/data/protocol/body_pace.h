// BodyPace: how fast a request's body comes, in the time in which the server waits for the client.
//
// Time in which the guest is the slow one does not count, so that a client is never blamed for it.
//
// Thread: core-local.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/time.h"
#include "config/settings.h"

namespace pear::data::protocol {

class BodyPace {
 public:
  // From now on the client is waited for; it may have been already.
  void wait(MonotonicTime now) {
    if (since_ == MonotonicTime{}) since_ = now;
  }
  // It is not.
  void rest(MonotonicTime now) {
    const MonotonicTime since = std::exchange(since_, MonotonicTime{});
    if (since != MonotonicTime{}) waited_ += now - since;
  }

  // When the client will have been slower than http.body_rate_min, unless more than `bytes` come
  // before. For the time in which it is waited for.
  [[nodiscard]] MonotonicTime deadline(std::uint64_t bytes,
                                       const config::HttpLimits& limits) const {
    // A year is for ever, and no overflow.
    constexpr std::uint64_t kSecondsMax = 365UL * 86'400;
    const std::uint64_t rate = limits.body_rate_min.count;
    if (rate == 0) return since_ + std::chrono::seconds(kSecondsMax);
    const auto earned = std::chrono::milliseconds(1'000 * std::min(bytes / rate, kSecondsMax) +
                                                  1'000 * (bytes % rate) / rate);
    return since_ + std::max(earned, limits.body_rate_grace) - waited_;
  }

 private:
  MonotonicTime since_{};  // Zero: it is not waited for.
  std::chrono::nanoseconds waited_{};
};

}  // namespace pear::data::protocol
