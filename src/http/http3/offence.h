// Offence: something that a well-behaved client of HTTP/3 does not do. What has a bucket ends the
// connection with H3_EXCESSIVE_LOAD when it becomes too much.
//
// Source: RFC 9114, section 10.5; CVE-2023-44487 (rapid reset), CVE-2025-8671 (MadeYouReset).
// Thread: a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/flood_buckets.h"

namespace pear::http3 {

enum class Offence : std::uint8_t {
  // With a bucket each.
  Resets,      // RESET_STREAM and STOP_SENDING before the answer, and stream errors provoked.
  Priorities,  // PRIORITY_UPDATE.
  LargeHeads,  // Heads past HeadLimits, each answered 414 or 431.
  // No floods.
  MalformedRequest,  // The stream ends with H3_MESSAGE_ERROR.
  ProtocolError,     // The connection ends with an error of QUIC, HTTP/3 or QPACK.
};

inline constexpr std::size_t kFloods = static_cast<std::size_t>(Offence::LargeHeads) + 1;
inline constexpr std::size_t kOffences = static_cast<std::size_t>(Offence::ProtocolError) + 1;

[[nodiscard]] std::string_view to_text(Offence offence);

struct FloodLimits {
  http::FloodRate resets{.burst = 200, .per_second = 100};
  http::FloodRate priorities{.burst = 500, .per_second = 100};
  http::FloodRate large_heads{.burst = 20, .per_second = 1};
};

}  // namespace pear::http3
