// Replay: an access log as a list of requests, with the answers that are expected of them.
//
// One line is one request, in the combined format of Apache and nginx (the common format, without
// the last two strings, is read too), optionally followed by what to expect:
//
//   127.0.0.1 - - [22/Nov/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8" expect=200
//   sha256=HEX
//
// Lines are hostile: what clients put into a log is what they like. A line that is no request which
// can be sent is counted and left out, with its number and reason; it does not stop the rest.
//
// Source: Apache's mod_log_config, "combined"; both ways of escaping: \" \\ \xHH.
// Thread: values.
// Memory: the requests of the whole log; kLinesMax bounds it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pear::load {

using Sha256 = std::array<std::uint8_t, 32>;

// Reads 64 hexadecimal digits of either case.
[[nodiscard]] std::optional<Sha256> parse_sha256(std::string_view hex);
[[nodiscard]] std::string to_hex(const Sha256& digest);

// What an answer must be. What is absent is not checked.
struct Expectation {
  std::optional<std::uint16_t> status;
  std::optional<Sha256> body;
  bool operator==(const Expectation&) const = default;
};

struct ReplayEntry {
  std::uint64_t line = 0;  // In the file, from 1.
  std::chrono::sys_seconds logged_at{};
  std::string method;
  std::string target;    // Path and query, sendable as it is.
  std::string referrer;  // Empty where the log has "-" or nothing.
  std::string user_agent;
  std::uint16_t logged_status = 0;
  Expectation expect;
  bool operator==(const ReplayEntry&) const = default;
};

// Reads one line without its line end. `line` is left 0.
// Errors: InvalidInput  not a log line, or its request cannot be sent.
[[nodiscard]] Result<ReplayEntry> parse_replay_line(std::string_view text);

struct ReplayLog {
  static constexpr std::uint64_t kLinesMax = 10'000'000;
  static constexpr std::size_t kLineBytesMax = 32'768;
  static constexpr std::size_t kSkippedKept = 10;

  struct Skipped {
    std::uint64_t line = 0;
    std::string_view reason;  // Lives as long as the program.
  };

  std::vector<ReplayEntry> entries;  // In the order of the file.
  std::uint64_t skipped_count = 0;
  std::vector<Skipped> skipped;  // The first kSkippedKept.
};

// Reads a whole log. Empty lines and lines that start with '#' are comments.
// Errors: LimitExceeded  more lines than kLinesMax.
//         InvalidInput   no line at all can be sent.
[[nodiscard]] Result<ReplayLog> parse_replay_log(std::string_view text);

// When each entry is due with the log's own timing, `speed` times as fast. Logs have whole seconds:
// the requests of one second are spread evenly over it. A log is written when requests end, so a
// time that goes back is taken as the time before it. Never decreases; `speed` is above 0.
[[nodiscard]] std::vector<std::chrono::nanoseconds> replay_times(
    const std::vector<ReplayEntry>& entries, double speed);

}  // namespace pear::load
