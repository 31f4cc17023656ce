// FloodGuard: what a client may cost one connection with frames that carry no work.
//
// Each kind of frame that is cheap to send has a token bucket: a burst at once, then so many a
// second. A client that needs more is not a browser; its connection is cut (GOAWAY with
// ENHANCE_YOUR_CALM). Time is told, not read, so that every bound is exact.
//
// Source: RFC 9113, section 10.5; CVE-2019-9512 to 9518, CVE-2023-44487 (rapid reset),
//         CVE-2025-8671 (MadeYouReset), VU#421644 (CONTINUATION), RUSTSEC-2026-0258 (empty DATA).
// Thread: a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "http/flood_buckets.h"

namespace pear::http2 {

// Something that a well-behaved client does not do. All but the last two are floods.
enum class Offence : std::uint8_t {
  // With a bucket each (FloodGuard).
  Resets,         // RST_STREAM, and stream errors that the client provoked.
  Pings,          // PING, with ACK or without.
  Settings,       // SETTINGS without ACK.
  EmptyData,      // DATA without a byte and without END_STREAM.
  Priorities,     // PRIORITY and PRIORITY_UPDATE.
  WindowUpdates,  // WINDOW_UPDATE by less than kTinyIncrement.
  UnknownFrames,  // Frames of types that Pear does not know, and GOAWAY.
  LateFrames,     // DATA and HEADERS of streams that Pear has reset.
  LargeHeads,     // Heads past HeadLimits, each answered 414 or 431.
  // With a bound each.
  Continuations,  // CONTINUATION frames of one header block.
  HeaderBlock,    // Bytes of one header block, before decoding.
  ControlQueue,   // Frames that wait to be sent because the client does not read.
  // No floods.
  MalformedRequest,  // The stream ends with PROTOCOL_ERROR.
  ProtocolError,     // The connection ends with an error of RFC 9113.
};

inline constexpr std::size_t kOffences = static_cast<std::size_t>(Offence::ProtocolError) + 1;

[[nodiscard]] std::string_view to_text(Offence offence);

inline constexpr std::uint32_t kTinyIncrement = 256;

struct FloodLimits {
  using Rate = http::FloodRate;
  Rate resets{.burst = 200, .per_second = 100};
  Rate pings{.burst = 500, .per_second = 50};
  Rate settings{.burst = 50, .per_second = 5};
  Rate empty_data{.burst = 50, .per_second = 10};
  Rate priorities{.burst = 500, .per_second = 100};
  // Simple clients send one for each small response: only what no client needs is too many.
  Rate window_updates{.burst = 10'000, .per_second = 5'000};
  Rate unknown_frames{.burst = 500, .per_second = 50};
  Rate late_frames{.burst = 1000, .per_second = 200};
  Rate large_heads{.burst = 20, .per_second = 1};

  std::uint32_t continuations_max = 8;           // After one HEADERS.
  std::uint32_t header_block_slack = 16 * 1024;  // Bytes more than HeadLimits::header_max.
  std::uint32_t control_queue_max = 1000;        // Frames.
};

class FloodGuard {
 public:
  explicit FloodGuard(const FloodLimits& limits);

  // One more of a kind that has a bucket. False: that was one too many.
  [[nodiscard]] bool count(Offence offence, MonotonicTime now);

 private:
  static constexpr std::size_t kBuckets = static_cast<std::size_t>(Offence::LargeHeads) + 1;

  http::FloodBuckets<kBuckets> buckets_;
};

}  // namespace pear::http2
