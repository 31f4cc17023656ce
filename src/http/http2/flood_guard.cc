#include "http/http2/flood_guard.h"

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
    : buckets_({limits.resets, limits.pings, limits.settings, limits.empty_data, limits.priorities,
                limits.window_updates, limits.unknown_frames, limits.late_frames,
                limits.large_heads}) {}

bool FloodGuard::count(Offence offence, MonotonicTime now) {
  return buckets_.count(static_cast<std::size_t>(offence), now);
}

}  // namespace pear::http2
