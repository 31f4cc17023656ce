// LifeCheck: whether a cage still answers, and when to ask it next.
//
// It is asked once a period. An answer that is missing when the next question is due means that the
// cage is lost. A cage that answers, but whose health path fails twice in a row, is to be replaced.
//
// Thread:  control thread. One for each cage.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace pear::supervisor {

class LifeCheck {
 public:
  static constexpr std::uint32_t kUnhealthyMax = 2;

  enum class Verdict : std::uint8_t { Nothing, Ask, Lost };

  // A period of 0 switches the check off. The first question comes one period after `now`.
  void start(std::chrono::milliseconds period, MonotonicTime now) {
    period_ = period;
    due_ = now + period;
    waiting_ = false;
    unhealthy_ = 0;
  }
  void stop() { period_ = {}; }

  // Ask: send a question with nonce().
  [[nodiscard]] Verdict on_time(MonotonicTime now) {
    if (period_.count() == 0 || now < due_) return Verdict::Nothing;
    due_ = now + period_;
    if (waiting_) return Verdict::Lost;
    waiting_ = true;
    asked_at_ = now;
    ++nonce_;
    return Verdict::Ask;
  }

  // An answer to an older question says nothing about now and is ignored.
  void on_answer(std::uint64_t nonce, bool healthy) {
    if (!waiting_ || nonce != nonce_) return;
    waiting_ = false;
    unhealthy_ = healthy ? 0 : unhealthy_ + 1;
  }

  [[nodiscard]] std::uint64_t nonce() const { return nonce_; }
  [[nodiscard]] bool waiting() const { return waiting_; }
  [[nodiscard]] MonotonicTime asked_at() const { return asked_at_; }
  [[nodiscard]] bool unhealthy() const { return unhealthy_ >= kUnhealthyMax; }

 private:
  std::chrono::milliseconds period_{};
  MonotonicTime due_{};
  MonotonicTime asked_at_{};
  std::uint64_t nonce_ = 0;
  std::uint32_t unhealthy_ = 0;
  bool waiting_ = false;
};

}  // namespace pear::supervisor
