// Outcome: what came of a load run. Each thread fills its own; merging them is the run's.
//
// Every request that was sent, or due in an open loop, is counted exactly once: as answered, or as
// one failure. What was answered but not as expected is answered, and a failure beside it.
//
// Thread: a value; filled on one thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "load/replay.h"

namespace pear::load {

enum class Failure : std::uint8_t {
  Refused,      // The connection was refused.
  Unreachable,  // It could not be made for another reason.
  Reset,        // It ended before the answer did.
  TimedOut,     // No whole answer within the timeout.
  BadAnswer,    // Not HTTP, or beyond what the client reads.
  WrongStatus,  // Answered, with a status that is not expected.
  WrongBody,    // Answered, with a body whose SHA-256 is not expected.
  NeverSent,    // Due in an open loop, and no connection came free for it in time.
  Handshake,  // TLS could not be agreed on: a certificate that is not trusted, no common protocol.
  StreamReset,  // The server gave up this request alone (RST_STREAM, RESET_STREAM).
  Aborted,      // The server ended the connection with an error (GOAWAY, CONNECTION_CLOSE).
  Rejected,     // The server said that it had not processed it, again and again.
};
inline constexpr std::size_t kFailures = 12;

// How a connection came to be. Early: resumed, and its request went in 0-RTT and was taken so.
enum class Handshake : std::uint8_t { None, Full, Resumed, Early };
inline constexpr std::size_t kHandshakes = 4;

// "connection refused", "timed out", ...
[[nodiscard]] std::string_view to_text(Failure failure);
// For JSON: "refused", "timed_out", ...
[[nodiscard]] std::string_view to_key(Failure failure);

// An answer that is not as expected, or a request without one.
struct Mismatch {
  std::uint64_t index = 0;  // Of the request in the run; of a replay, the line of its log.
  Failure failure{};
  std::uint16_t status = 0;  // Of the answer; 0 where there was none.
  Expectation expected;
  std::optional<Sha256> body;  // Of the answer, where one was expected.
};

struct Second {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  base::Histogram::Snapshot latency;
};

struct Outcome {
  static constexpr std::size_t kMismatchesKept = 10;

  std::uint64_t answered = 0;
  std::uint64_t answered_in_time = 0;  // Before the counted part of the run ended.
  std::array<std::uint64_t, kFailures> failures{};
  std::array<std::uint64_t, 6> statuses{};  // By class: [2] is 2xx. [0] is not used.
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t body_bytes = 0;  // Of the answers, without heads and framing.
  std::uint64_t connections_opened = 0;
  std::array<std::uint64_t, kHandshakes> handshakes{};  // Of those, by kind.
  // Sent once more, as the server said that it had not processed them. Not failed.
  std::uint64_t sent_again = 0;
  std::uint64_t held = 0;    // Connections that were still open after a hold.
  std::string_view problem;  // Of the first handshake that failed; lives as long as the program.
  std::uint64_t late_starts = 0;  // Open loop: sent more than kLateAfter after they were due.
  std::chrono::nanoseconds late_max{};
  std::chrono::nanoseconds elapsed{};  // Of the counted part of the run.

  // Of every answer, from the request's start; in an open loop from when it was due. A request that
  // timed out, or was never sent, stands here with the time that it had waited.
  base::PreciseHistogram::Snapshot latency;
  std::vector<Second> timeline;      // By second of the run; empty unless asked for.
  std::vector<Mismatch> mismatches;  // The first kMismatchesKept.

  static constexpr std::chrono::milliseconds kLateAfter{1};

  void merge(const Outcome& other);
  void add_mismatch(const Mismatch& mismatch);

  [[nodiscard]] std::uint64_t failed() const;
  // Answers per second, of those in time: what was still under way at the end adds nothing.
  [[nodiscard]] double rate_per_s() const;
};

}  // namespace pear::load
