// Plan: everything that decides what a load run does. Checked once, then taken as true.
//
// Thread: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "load/replay.h"
#include "load/target.h"

namespace pear::load {

enum class ConnectionUse : std::uint8_t {
  KeepAlive,   // Requests follow each other on a connection for as long as the server lets them.
  NewForEach,  // One connection for one request, closed after its answer.
};

// Auto: HTTP/1.1 on http; on https what the server chooses by ALPN, HTTP/2 before HTTP/1.1. Http2
// on http is by prior knowledge (RFC 9113, section 3.3).
enum class HttpVersion : std::uint8_t { Auto, Http1, Http2, Http3 };

// What becomes of the tickets that servers give.
enum class Resumption : std::uint8_t {
  Never,      // Each handshake is a full one.
  Tickets,    // The last one is offered with each new connection.
  EarlyData,  // HTTP/3 only: each is offered once, and the request goes with it (0-RTT).
};

// Hybrid: X25519MLKEM768 is offered first. Classic: X25519, as peers without it have.
enum class KeyExchange : std::uint8_t { Hybrid, Classic };

// How https is done. Files are PEM.
struct TlsPlan {
  enum class Check : std::uint8_t { Certificates, Nothing };
  Check check = Check::Certificates;
  std::filesystem::path authorities;      // Those alone are trusted. Empty: the system's,
  std::filesystem::path local_authority;  // and this one, where there is one.
  Resumption resumption = Resumption::Never;
  KeyExchange key_exchange = KeyExchange::Hybrid;
};

enum class Reach : std::uint8_t { LoopbackOnly, AnyAddress };

// What ends a run: whichever comes first. Bounded, because load that nobody stops is an accident.
struct Bound {
  static constexpr std::chrono::milliseconds kDurationMax = std::chrono::hours(6);
  static constexpr std::uint64_t kRequestsMax = 10'000'000'000;

  std::chrono::milliseconds duration{10'000};
  std::optional<std::uint64_t> requests;
};

struct Plan {
  static constexpr std::uint32_t kThreadsMax = 64;
  static constexpr std::uint32_t kConnectionsMax = 60'000;
  static constexpr double kRateMin = 0.001;
  static constexpr double kRateMax = 10'000'000;
  static constexpr std::uint32_t kStreamsMax = 1'000;
  // As browsers have it on a busy page; h2load and others begin with 1, which measures round trips.
  static constexpr std::uint32_t kStreamsOfMultiplexed = 32;
  static constexpr std::size_t kHeadersMax = 100;
  static constexpr Bytes kBodyMax = 64_MiB;
  static constexpr std::chrono::milliseconds kTimelineMax = std::chrono::hours(1);
  static constexpr std::chrono::milliseconds kHoldMax = std::chrono::hours(1);

  Target target;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // Sent with its Content-Length when not empty, or when the method wants one.

  HttpVersion http = HttpVersion::Auto;
  // Requests under way on each connection at a time, where the server allows as many. Absent: 1, or
  // kStreamsOfMultiplexed with HTTP/2 and HTTP/3. HTTP/1.1 always has one.
  std::optional<std::uint32_t> streams;
  TlsPlan tls;
  std::vector<Detour> detours;

  std::uint32_t threads = 1;
  std::uint32_t connections = 64;  // Closed loop: exactly so many. Open loop: at most so many.
  // Requests for each second, all threads together: an open loop. Absent: a closed loop.
  std::optional<double> rate_per_s;
  ConnectionUse connection_use = ConnectionUse::KeepAlive;
  // Instead of a loop: each connection is opened and asked once, and all are held open for so long,
  // idle. Of the bound, nothing is used.
  std::optional<std::chrono::milliseconds> hold;
  Bound bound;
  std::chrono::milliseconds warm_up{0};      // Load that is made before the bound, and not counted.
  std::chrono::milliseconds timeout{5'000};  // From the request (in an open loop: from when it was
                                             // due) to the end of its answer.
  Reach reach = Reach::LoopbackOnly;

  Expectation expect;     // Of every answer. Without a status, 2xx and 3xx are expected.
  bool timeline = false;  // Keep figures for each second.

  // A list of requests instead of one. Empty: none. With `replay_speed` they are due at the times
  // of their log; with a rate, at that rate; else as fast as possible. `method`, `body` and
  // the target's path are not used.
  std::vector<ReplayEntry> replay;
  std::optional<double> replay_speed;
};

// What is wrong with the plan, each in one sentence that names the setting and its range. Empty: it
// can be run.
[[nodiscard]] std::vector<std::string> problems_in(const Plan& plan);

// The version that is spoken, or Auto where a server's ALPN says it.
[[nodiscard]] HttpVersion version_of(const Plan& plan);
// How many requests a connection of this plan has under way at most.
[[nodiscard]] std::uint32_t streams_of(const Plan& plan);

}  // namespace pear::load
