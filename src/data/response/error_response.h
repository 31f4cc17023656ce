// Error responses: what the edge itself answers, in the client's terms and without internals.
//
// Each says the status, one sentence, and the id under which the log tells more. A client that asks
// for JSON gets application/problem+json, any other plain text. Proxy-Status says to machines what
// kind of failure it was.
//
// Source: RFC 9457 (problem details), RFC 9209 (Proxy-Status).
// Thread: core-local.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "data/body_queue.h"
#include "data/exchange.h"
#include "http/refusal.h"

namespace pear::data::response {

// Why the edge answers by itself.
enum class Cause : std::uint8_t {
  NoSite,            // 404: no site has this host and path.
  QueueFull,         // 503: too many requests wait already.
  QueueTimeout,      // 503: no cage had a place in time.
  NoCage,            // 503: no cage of the site runs.
  GuestFault,        // 500
  GuestTimeout,      // 504: CPU or wall time.
  GuestError,        // 502: the guest answered with an error-code.
  GuestDenied,       // 403: … HTTP-request-denied.
  BodyTooLarge,      // 413
  HeadTooLarge,      // 431
  BadRequest,        // 400
  NotSupported,      // 501: CONNECT, for now.
  Overload,          // 503: the server's own limits.
  TargetTooLong,     // 414
  Expectation,       // 417: an expectation other than 100-continue.
  BodyTimeout,       // 408: the request's body did not come in time.
  Misdirected,       // 421: this connection's certificate does not stand for the host.
  TooEarly,          // 425: not in early data: again after the handshake.
  TooManyRequests,   // 429: a limit of rate.
  AmbiguousPath,     // 400: a guest may take it for a path of another route.
  ClientMemory,      // 503: too much is held for the client's requests.
  BodyIncomplete,    // 400: the connection ended before the request's body.
  ResponseTooLarge,  // 502: the guest's response breaks a limit, or one that the client has named.
};

[[nodiscard]] std::uint16_t status_of(Cause cause);
[[nodiscard]] Cause cause_of(RunOutcome outcome);
// Of a request that the rule book refuses.
[[nodiscard]] Cause cause_of(const http::Refusal& refusal);

struct ErrorParts {                  // NOLINT(*-member-init): references have no default.
  BodyChunkPool& chunks;             // Of the exchange's core.
  std::chrono::seconds retry_after;  // For the causes that pass.
};
// Makes `exchange.response` the whole answer. The head must not have been given yet.
void answer_error(Exchange& exchange, Cause cause, const ErrorParts& parts);

}  // namespace pear::data::response
