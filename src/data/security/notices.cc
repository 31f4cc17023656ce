#include "data/security/notices.h"

#include <utility>

#include "base/assert.h"

namespace pear::security {

using log::Level;
using model::ConnectionRefusal;
using model::RequestLimit;

namespace {

// Where the kinds of each group begin.
constexpr std::size_t kConnections = 0;
constexpr std::size_t kRequests = kConnections + model::kConnectionRefusals.size();
constexpr std::size_t kShed = kRequests + model::kRequestLimits.size();
constexpr std::size_t kTooLarge = kShed + 1;
constexpr std::size_t kAbuse = kTooLarge + 1;
constexpr std::size_t kAbuseKinds = 24;
constexpr std::size_t kCrowded = kAbuse + kAbuseKinds;
constexpr std::size_t kClientMemory = kCrowded + 1;
static_assert(kClientMemory < NoticeTimes::kKinds);

std::string_view site_of(const data::Exchange& exchange) {
  return exchange.site == nullptr ? std::string_view() : exchange.site->settings.name;
}

}  // namespace

void Notices::connection_refused(ConnectionRefusal why, const net::IpAddress& client) {
  const auto left_out =
      parts_.times.may_say(kConnections + std::to_underlying(why), parts_.time.now);
  if (!left_out) return;
  const net::IpAddress::Text text = client.text();
  parts_.logger.event(
      parts_.time.wall(),
      {.level = Level::Warning,
       .name = "connection_refused",
       .message = why == ConnectionRefusal::ProxyHeader
                      ? "a proxy did not begin with a header of the PROXY protocol"
                      : "a client opens more connections than it may"},
      {{"kind", model::label(why)}, {"client", text.view()}, {"left_out", *left_out}});
}

void Notices::rate_limited(RequestLimit limit, const data::Exchange& exchange) {
  const auto left_out =
      parts_.times.may_say(kRequests + std::to_underlying(limit), parts_.time.now);
  if (!left_out) return;
  const net::IpAddress::Text text = exchange.client_address.text();
  parts_.logger.event(
      parts_.time.wall(),
      {.level = Level::Warning,
       .name = "rate_limited",
       .subject = {.site = site_of(exchange), .exchange = exchange.id},
       .message = "more requests than a limit of rate allows: answered 429"},
      {{"kind", model::label(limit)}, {"client", text.view()}, {"left_out", *left_out}});
}

void Notices::crowded(const Crowd& crowd) {
  const auto left_out = parts_.times.may_say(kCrowded, parts_.time.now);
  if (!left_out) return;
  parts_.logger.event(
      parts_.time.wall(),
      {.level = Level::Warning,
       .name = "connections_crowded",
       .message = crowd.by_descriptors
                      ? "no file descriptors are left: the longest idle connections are closed; "
                        "raise the limit (ulimit -n)"
                      : "nearly all connections that may be open are: the longest idle are closed; "
                        "raise http.connections_max, and ulimit -n with it"},
      {{"open", std::uint64_t{crowd.open}},
       {"max", std::uint64_t{crowd.max}},
       {"retired", std::uint64_t{crowd.retired}},
       {"left_out", *left_out}});
}

void Notices::shed(const data::Exchange& exchange) {
  const auto left_out = parts_.times.may_say(kShed, parts_.time.now);
  if (!left_out) return;
  parts_.logger.event(parts_.time.wall(),
                      {.level = Level::Warning,
                       .name = "shed",
                       .subject = {.site = site_of(exchange), .exchange = exchange.id},
                       .message = "requests wait too long for the CPU: new ones are answered 503"},
                      {{"left_out", *left_out}});
}

void Notices::response_too_large(const data::Exchange& exchange, std::uint64_t bytes,
                                 std::uint64_t limit) {
  const auto left_out = parts_.times.may_say(kTooLarge, parts_.time.now);
  if (!left_out) return;
  const net::IpAddress::Text text = exchange.client_address.text();
  parts_.logger.event(
      parts_.time.wall(),
      {.level = Level::Warning,
       .name = "response_too_large",
       .subject = {.site = site_of(exchange), .exchange = exchange.id},
       .message =
           exchange.response.head_ready
               ? "trailers are larger than the client takes by its SETTINGS: the response is "
                 "cut; let the site write less, or raise the limit of the client"
               : "a response's head is larger than the client takes by its SETTINGS: answered "
                 "502; let the site write less, or raise the limit of the client"},
      {{"bytes", bytes}, {"limit", limit}, {"client", text.view()}, {"left_out", *left_out}});
}

void Notices::client_memory(const data::Exchange& exchange) {
  const auto left_out = parts_.times.may_say(kClientMemory, parts_.time.now);
  if (!left_out) return;
  const net::IpAddress::Text text = exchange.client_address.text();
  parts_.logger.event(
      parts_.time.wall(),
      {.level = Level::Warning,
       .name = "client_memory",
       .subject = {.site = site_of(exchange), .exchange = exchange.id},
       .message = "a client's requests hold more memory than http.memory_per_address_max, or all "
                  "of them more than http.memory_max: the costliest was ended"},
      {{"client", text.view()}, {"held_bytes", exchange.bytes_charged}, {"left_out", *left_out}});
}

void Notices::abuse(const Abuse& abuse, const net::IpAddress& client) {
  PEAR_ASSERT(abuse.place < kAbuseKinds, "a kind of abuse without a place");
  const auto left_out = parts_.times.may_say(kAbuse + abuse.place, parts_.time.now);
  if (!left_out) return;
  const net::IpAddress::Text text = client.text();
  parts_.logger.event(parts_.time.wall(),
                      {.level = Level::Warning,
                       .name = "abuse",
                       .message = "a client does what a well-behaved one does not"},
                      {{"kind", abuse.kind},
                       {"client", text.view()},
                       {"protocol", abuse.protocol},
                       {"left_out", *left_out}});
}

}  // namespace pear::security
