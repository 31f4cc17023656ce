#include "data/response/error_response.h"

#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/assert.h"
#include "http/status.h"

namespace pear::data::response {
namespace {

struct Row {
  Cause cause;
  std::uint16_t status;
  std::string_view proxy_status;  // RFC 9209, section 2.3.
  std::string_view sentence;
  bool retry = false;  // With Retry-After.
};

constexpr std::array kRows{
    Row{Cause::NoSite, 404, "destination_not_found", "No site is served under this address."},
    Row{Cause::QueueFull, 503, "connection_limit_reached",
        "The site is busy: too many requests are waiting.", true},
    Row{Cause::QueueTimeout, 503, "connection_timeout",
        "The site is busy: no place became free in time.", true},
    Row{Cause::NoCage, 503, "destination_unavailable", "The site is not running at the moment.",
        true},
    Row{Cause::GuestFault, 500, "http_response_incomplete",
        "The site failed while it handled this request."},
    Row{Cause::GuestTimeout, 504, "http_response_timeout",
        "The site took too long to handle this request."},
    Row{Cause::GuestError, 502, "http_protocol_error", "The site could not answer this request."},
    Row{Cause::GuestDenied, 403, "http_request_denied", "The site denied this request."},
    Row{Cause::BodyTooLarge, 413, "http_request_error", "The request's body is too large."},
    Row{Cause::HeadTooLarge, 431, "http_request_error", "The request's header is too large."},
    Row{Cause::BadRequest, 400, "http_request_error", "The request is malformed."},
    Row{Cause::NotSupported, 501, "http_request_error", "This method is not supported."},
    Row{Cause::Overload, 503, "proxy_internal_response", "The server is at its limits.", true},
    Row{Cause::TargetTooLong, 414, "http_request_error", "The request's target is too long."},
    Row{Cause::Expectation, 417, "http_request_error", "The request's expectation is not known."},
    Row{Cause::BodyTimeout, 408, "http_request_error", "The request's body did not come in time."},
    Row{Cause::Misdirected, 421, "http_request_error",
        "This connection is not for that host: open another one for it."},
    Row{Cause::TooEarly, 425, "http_request_error",
        "This request may not come in early data: send it again."},
    Row{Cause::TooManyRequests, 429, "http_request_denied",
        "Too many requests came from here: wait before the next one.", true},
    Row{Cause::AmbiguousPath, 400, "http_request_error",
        "The path can be read as another one: write it without encoded slashes, ';' and '//'."},
    Row{Cause::ClientMemory, 503, "connection_limit_reached",
        "The requests from here hold too much memory: finish some before the next one.", true},
    Row{Cause::BodyIncomplete, 400, "http_request_error", "The request's body is not complete."},
    Row{Cause::ResponseTooLarge, 502, "http_response_header_section_size",
        "The site's response is larger than a limit allows."},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (std::to_underlying(kRows[i].cause) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order(), "rows are found by their cause");

bool asks_for_json(const Request& request) {
  for (const http::Field& field : request.fields) {
    if (field.name == "accept") return field.value.contains("json");
  }
  return false;
}

}  // namespace

std::uint16_t status_of(Cause cause) {
  return kRows[std::to_underlying(cause)].status;
}

Cause cause_of(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::Cpu:
    case RunOutcome::Wall:
      return Cause::GuestTimeout;
    case RunOutcome::GuestError:
      return Cause::GuestError;
    case RunOutcome::Stopped:
      return Cause::NoCage;
    case RunOutcome::Displaced:
      return Cause::QueueFull;
    case RunOutcome::Limit:
      return Cause::ResponseTooLarge;
    case RunOutcome::Done:
    case RunOutcome::Trap:
    case RunOutcome::Memory:
    case RunOutcome::Host:
    case RunOutcome::Aborted:
      return Cause::GuestFault;
  }
  PEAR_UNREACHABLE("an outcome without a cause");
}

Cause cause_of(const http::Refusal& refusal) {
  switch (refusal.status) {
    case 413:
      return Cause::BodyTooLarge;
    case 414:
      return Cause::TargetTooLong;
    case 417:
      return Cause::Expectation;
    case 421:
      return Cause::Misdirected;
    case 431:
      return Cause::HeadTooLarge;
    case 501:
      return Cause::NotSupported;
    default:
      return Cause::BadRequest;
  }
}

void answer_error(Exchange& exchange, Cause cause, const ErrorParts& parts) {
  Response& response = exchange.response;
  PEAR_ASSERT(!response.head_ready, "a response has one head");
  const Row& row = kRows[std::to_underlying(cause)];
  const bool json = asks_for_json(exchange.request);

  BodyChunk* const chunk = parts.chunks.take();
  const auto room = chunk->bytes.size();
  const auto text =
      json ? fmt::format_to_n(chunk->bytes.data(), room,
                              R"({{"status":{},"title":"{}","detail":"{}","id":"{:016x}"}})"
                              "\n",
                              row.status, http::reason_phrase(row.status), row.sentence,
                              std::to_underlying(exchange.id))
           : fmt::format_to_n(chunk->bytes.data(), room, "{} {}\n\n{}\n\nid {:016x}\n", row.status,
                              http::reason_phrase(row.status), row.sentence,
                              std::to_underlying(exchange.id));
  PEAR_ASSERT(text.size <= room, "an error page fits in a chunk");
  chunk->end = static_cast<std::uint32_t>(text.size);

  std::array<char, 80> proxy_status{};
  const auto written = fmt::format_to_n(proxy_status.data(), proxy_status.size(), "pear; error={}",
                                        row.proxy_status);
  std::array<char, 24> seconds{};
  const auto* const seconds_end =
      std::to_chars(seconds.data(), seconds.data() + seconds.size(), parts.retry_after.count()).ptr;
  const auto retry_after = exchange.arena.copy({seconds.data(), seconds_end});
  const auto fields = exchange.arena.make_array<http::Field>(row.retry ? 4 : 3);
  const auto copy = exchange.arena.copy({proxy_status.data(), written.size});
  response.status = row.status;
  if (fields && copy && retry_after) {
    (*fields)[0] = {.name = "content-type",
                    .value = json ? "application/problem+json" : "text/plain; charset=utf-8"};
    (*fields)[1] = {.name = "cache-control", .value = "no-store"};
    (*fields)[2] = {.name = "proxy-status", .value = *copy};
    if (row.retry) (*fields)[3] = {.name = "retry-after", .value = *retry_after};
    response.fields = *fields;
  }
  response.body.push(chunk);
  response.body_bytes = text.size;
  response.head_ready = true;
  response.ended = true;
}

}  // namespace pear::data::response
