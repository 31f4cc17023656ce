// RecoveryCredits: how many faults a cage may heal on its own before control has to act.
//
// Credits are granted ahead of time, so that healing waits for no other thread, and topped up every
// kPeriod. What was used is seen from the cage's incarnation, which each recover raises by one, and
// not from events, which a full queue drops. A cage that runs out is respawned by the supervisor
// with a full measure as soon as its fault arrives there, so that a request that traps may be
// repeated for ever; the measure bounds only how many in a row cost control nothing.
//
// Thread:  control thread. One for each cage.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/ids.h"

namespace pear::supervisor {

class RecoveryCredits {
 public:
  static constexpr std::uint32_t kMeasure = 64;
  static constexpr std::chrono::milliseconds kPeriod{100};

  // The cage is spawned with a full measure; what it had before is void.
  [[nodiscard]] std::uint32_t on_spawn() {
    left_ = kMeasure;
    started_ = false;
    return kMeasure;
  }

  // The cage runs, in this incarnation.
  void on_started(Incarnation incarnation) {
    seen_ = incarnation;
    started_ = true;
  }

  // Credits to grant now, 0 to kMeasure; the caller grants them.
  [[nodiscard]] std::uint32_t top_up(Incarnation now) {
    if (!started_ || now < seen_) return 0;
    const std::uint64_t used = static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(seen_);
    left_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(used, left_));
    seen_ = now;
    const std::uint32_t missing = kMeasure - left_;
    left_ = kMeasure;
    return missing;
  }

 private:
  Incarnation seen_{};
  std::uint32_t left_ = 0;
  bool started_ = false;
};

}  // namespace pear::supervisor
