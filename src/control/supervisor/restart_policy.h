// RestartPolicy: what to do about a cage that could not be made.
//
// A pure decision: it is told the time, it starts no timer and touches no cage. Only spawns that
// fail count here: a fault of a running cage is healed at once and for ever (recovery_credits.h).
//
// Source:  exponential backoff with a bound on the attempts; Erlang/OTP supervisors give up
// likewise. Thread:  control thread. One policy for each place of a cage.
#pragma once

#include <chrono>
#include <cstdint>
#include <variant>

#include "base/time.h"

namespace pear::supervisor {

struct RetryAt {
  MonotonicTime when{};
  bool operator==(const RetryAt&) const = default;
};
// The cage ends; an operator or a probe puts another in its place.
struct GiveUp {
  bool operator==(const GiveUp&) const = default;
};
using Decision = std::variant<RetryAt, GiveUp>;

class RestartPolicy {
 public:
  struct Options {
    std::chrono::milliseconds backoff_min{1'000};  // More than 0.
    std::chrono::milliseconds backoff_max{60'000};
    std::uint32_t attempts = 5;  // Failed spawns in a row; the last of them gives up. At least 1.
  };

  explicit RestartPolicy(Options options);

  [[nodiscard]] Decision on_spawn_failed(MonotonicTime now);
  void on_spawn_succeeded() { failures_ = 0; }
  // After giving up: the next failure gives up again.
  void begin_probe() { failures_ = options_.attempts - 1; }

  // Failed spawns in a row.
  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  Options options_;
  std::uint32_t failures_ = 0;
};

}  // namespace pear::supervisor
