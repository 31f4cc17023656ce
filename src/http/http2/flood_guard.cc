#include "http/http2/flood_guard.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace pear::http2 {

std::string_view to_text(Offence offence) {
  switch (offence) {
    case Offence::Resets:
      return "resets";
    case Offence::Pings:
      return "pings";
    case Offence::Settings:
      return "settings";
    case Offence::EmptyData:
      return "empty_data";
    case Offence::Priorities:
      return "priorities";
    case Offence::WindowUpdates:
      return "window_updates";
    case Offence::UnknownFrames:
      return "unknown_frames";
    case Offence::LateFrames:
      return "late_frames";
    case Offence::LargeHeads:
      return "large_heads";
    case Offence::Continuations:
      return "continuations";
    case Offence::HeaderBlock:
      return "header_block";
    case Offence::ControlQueue:
      return "control_queue";
    case Offence::MalformedRequest:
      return "malformed_request";
    case Offence::ProtocolError:
      return "protocol_error";
  }
  PEAR_UNREACHABLE("an offence without a name");
}

FloodGuard::FloodGuard(const FloodLimits& limits)
    : rates_{limits.resets,         limits.pings,       limits.settings,
             limits.empty_data,     limits.priorities,  limits.window_updates,
             limits.unknown_frames, limits.late_frames, limits.large_heads} {
  for (std::size_t i = 0; i < kBuckets; ++i) millitokens_[i] = rates_[i].burst * 1000ULL;
}

// A rate of n a second is n thousandths of a token a millisecond: no rounding anywhere.
void FloodGuard::refill(MonotonicTime now) {
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
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const std::uint64_t full = rates_[i].burst * 1000ULL;
    millitokens_[i] = std::min(full, millitokens_[i] + ms * rates_[i].per_second);
  }
}

bool FloodGuard::count(Offence offence, MonotonicTime now) {
  const auto index = static_cast<std::size_t>(offence);
  PEAR_ASSERT(index < kBuckets, "only offences with a bucket are counted here");
  refill(now);
  if (millitokens_[index] < 1000) return false;
  millitokens_[index] -= 1000;
  return true;
}

}  // namespace pear::http2
