// The end of an exchange in figures: counters and the line of the access log.
#include <algorithm>
#include <array>
#include <utility>

#include "data/protocol/trace_context.h"
#include "data/request_path.h"

namespace pear::data {

namespace {

std::string_view fault_name(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::Trap:
      return "trap";
    case RunOutcome::Memory:
      return "memory";
    case RunOutcome::Cpu:
      return "cpu";
    case RunOutcome::Wall:
      return "wall";
    case RunOutcome::Host:
    case RunOutcome::Limit:
      return "host";
    case RunOutcome::Done:
    case RunOutcome::GuestError:
    case RunOutcome::Aborted:
    case RunOutcome::Stopped:
    case RunOutcome::Displaced:
      return "";
  }
  return "";
}

constexpr std::array<std::string_view, 4> kProtocolNames{"http/1.1", "h2", "h3", "internal"};

}  // namespace

void RequestPath::record(const Exchange& exchange) {
  const Response& response = exchange.response;
  const bool complete = response.ended;
  const auto duration = exchange.done_time - exchange.head_time;
  const auto queued = exchange.run_time == MonotonicTime{}
                          ? std::chrono::nanoseconds::zero()
                          : std::max(exchange.run_time - exchange.head_time,
                                     std::chrono::nanoseconds::zero());  // Of two cores' clocks.
  model::SiteCounters* const counters = counters_of(exchange);
  if (counters != nullptr) {
    const std::size_t status_class = response.head_ready ? response.status / 100U : 0;
    counters->responses[complete ? status_class : 0].add();
    counters->request_bytes.add(exchange.request_bytes);
    counters->response_bytes.add(response.body_bytes);
    counters->latency.record(duration);
    counters->queue_wait.record(queued);
  }
  if (!parts_.settings.log.access) return;
  const bool logged = parts_.logger.access(
      parts_.time.wall(),
      {.subject = {.site = exchange.site == nullptr ? "" : exchange.site->settings.name,
                   .site_id =
                       exchange.site == nullptr ? std::nullopt : std::optional(exchange.site->id),
                   .cage = exchange.site == nullptr || exchange.link == Exchange::Link::None
                               ? std::nullopt
                               : std::optional(exchange.cage),
                   .exchange = exchange.id},
       .method = exchange.request.method,
       .host = exchange.request.authority,
       .path = exchange.request.path_with_query,
       .status = response.head_ready ? response.status : std::uint16_t{0},
       .bytes_in = exchange.request_bytes,
       .bytes_out = response.body_bytes,
       .duration = duration,
       .queue = queued,
       .cpu = exchange.cpu,
       .client = exchange.client,
       .protocol = kProtocolNames[std::to_underlying(exchange.protocol)],
       .trace = protocol::trace_id_of(exchange.request.traceparent),
       .fault = fault_name(exchange.outcome)});
  if (!logged && counters != nullptr) counters->access_lines_dropped.add();
}

}  // namespace pear::data
