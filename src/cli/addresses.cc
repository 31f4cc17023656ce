#include "cli/addresses.h"

#include <algorithm>

namespace pear::cli {

namespace {

std::vector<config::ListenAddress> listen_then_https(const config::ServerSettings& settings) {
  std::vector<config::ListenAddress> all = settings.listen;
  all.insert(all.end(), settings.https.begin(), settings.https.end());
  return all;
}

}  // namespace

keeper::ListenerSet::Plan addresses_to_open(const config::ServerSettings& settings) {
  return {.listen = settings.listen, .https = settings.https, .http3 = settings.http3.enabled};
}

BoundAddresses divide_addresses(const std::vector<config::ListenAddress>& bound,
                                const config::ServerSettings& settings) {
  const std::vector<config::ListenAddress> wanted = listen_then_https(settings);
  const auto fits = [](const config::ListenAddress& want, const config::ListenAddress& got) {
    return want.port == 0 || want.port == got.port;
  };
  const bool in_order = std::ranges::equal(wanted, bound, fits);
  const auto is_https = [&](std::size_t i) {
    if (in_order) return i >= settings.listen.size();
    return std::ranges::any_of(settings.https, [&](const config::ListenAddress& address) {
      return address.port == bound[i].port;
    });
  };
  BoundAddresses out;
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (!is_https(i)) out.order.push_back(i);
  }
  for (const std::size_t i : out.order) out.listen.push_back(bound[i]);
  for (std::size_t i = 0; i < bound.size(); ++i) {
    if (!is_https(i)) continue;
    out.order.push_back(i);
    out.https.push_back(bound[i]);
  }
  return out;
}

}  // namespace pear::cli
