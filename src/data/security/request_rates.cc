#include "data/security/request_rates.h"

#include <array>
#include <utility>

#include "base/assert.h"
#include "data/security/subject.h"

namespace pear::security {

using config::Rate;
using model::RequestLimit;
using net::IpAddress;

namespace {

enum class Whose : std::uint8_t { Route, Site };

struct Row {
  RequestLimit limit;
  Whose whose;
  Rate config::RequestRates::* rate;
  Keep keep;
};
// In the order in which they are asked (model/refusals.h says why).
constexpr std::array kRows{
    Row{RequestLimit::RouteAddress, Whose::Route, &config::RequestRates::per_address,
        Keep::AsLongAsThereIsRoom},
    Row{RequestLimit::SiteAddress, Whose::Site, &config::RequestRates::per_address,
        Keep::AsLongAsThereIsRoom},
    Row{RequestLimit::RoutePrefix, Whose::Route, &config::RequestRates::per_prefix,
        Keep::AsLongAsThereIsRoom},
    Row{RequestLimit::SitePrefix, Whose::Site, &config::RequestRates::per_prefix,
        Keep::AsLongAsThereIsRoom},
    Row{RequestLimit::RouteTotal, Whose::Route, &config::RequestRates::total, Keep::Always},
    Row{RequestLimit::SiteTotal, Whose::Site, &config::RequestRates::total, Keep::Always},
};

// Behind the kinds of connections.
constexpr std::uint8_t kFirstKind = 16;
static_assert(model::kConnectionRefusals.size() <= kFirstKind);

}  // namespace

IpAddress RequestRates::subject_of(RequestLimit limit, const IpAddress& client) const {
  switch (limit) {
    case RequestLimit::RouteAddress:
    case RequestLimit::SiteAddress:
      return client_of(client);
    case RequestLimit::RoutePrefix:
    case RequestLimit::SitePrefix:
      return client.masked(client.is_ipv4()
                               ? IpAddress::kIpv4Offset + parts_.settings.rate_limit.ipv4_prefix
                               : parts_.settings.rate_limit.ipv6_prefix);
    case RequestLimit::RouteTotal:
    case RequestLimit::SiteTotal:
      return {};
  }
  PEAR_UNREACHABLE("a limit that is about nobody");
}

std::optional<std::chrono::nanoseconds> RequestRates::wait_for(const data::Exchange& exchange,
                                                               model::SiteCounters& site) {
  const config::SiteSettings& settings = exchange.site->settings;
  const config::RequestRates none;
  const config::RouteSettings* const of_route = exchange.site->route(exchange.route);
  for (const Row& row : kRows) {
    const bool route = row.whose == Whose::Route;
    const Rate& rate = (!route                ? settings.rate_limit
                        : of_route != nullptr ? of_route->rate_limit
                                              : none).*
                       row.rate;
    if (rate.count == 0) continue;
    const Subject subject{
        .kind = static_cast<std::uint8_t>(kFirstKind + std::to_underlying(row.limit)),
        .site = std::to_underlying(exchange.site->id),
        .route = route ? exchange.route : 0,
        .address = subject_of(row.limit, exchange.client_address)};
    const auto answer = parts_.limits.buckets.take(subject.hash(parts_.limits.hash), rule_of(rate),
                                                   row.keep, parts_.time.now);
    if (answer.forgot) parts_.counters.limits_forgotten.add();
    if (answer.allowed) continue;
    site.rate_limited[std::to_underlying(row.limit)].add();
    parts_.notices.rate_limited(row.limit, exchange);
    return answer.wait;
  }
  return std::nullopt;
}

}  // namespace pear::security
