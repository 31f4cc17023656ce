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
                                       const config::HttpLimits& /*limits*/) const {
    // A year is for ever, and no overflow.
    constexpr std::uint64_t kSecondsMax = 365UL * 86'400;
    const auto earned = std::chrono::milliseconds(1'000 * std::min(bytes / kRateMin, kSecondsMax) +
                                                  1'000 * (bytes % kRateMin) / kRateMin);
    return since_ + std::max(earned, kGrace) - waited_;
  }

 private:
  static constexpr std::uint64_t kRateMin = 240;  // Bytes a second.
  static constexpr std::chrono::milliseconds kGrace{10'000};

  MonotonicTime since_{};  // Zero: it is not waited for.
  std::chrono::nanoseconds waited_{};
};

}  // namespace pear::data::protocol
