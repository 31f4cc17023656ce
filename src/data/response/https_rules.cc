#include "data/response/https_rules.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "http/field_rules.h"

namespace pear::data::response {
namespace {

constexpr std::string_view kTransportSecurity = "strict-transport-security";
constexpr std::string_view kAlternativeService = "alt-svc";

// Best effort: without room in the arena the response goes as it is.
void add_field(Exchange& exchange, std::string_view name, std::string_view value) {
  if (const auto copy = exchange.arena.copy(value)) {
    exchange.response.add_edge_field({.name = name, .value = *copy});
  }
}

// A browser keeps no such rule for an address, and localhost belongs to all projects of a
// developer.
bool may_be_held_to_tls(std::string_view host) {
  const bool address = host.starts_with('[') || std::ranges::all_of(host, [](char c) {
                         return c == '.' || http::is_in(c, http::CharacterClass::Digit);
                       });
  return !address && host != "localhost" && !host.ends_with(".localhost");
}

}  // namespace

bool wants_redirect(const Exchange& exchange) {
  const config::HttpsSettings& https = exchange.site->settings.https;
  return exchange.request.scheme == "http" &&
         (https.redirect || https.client_certificates == config::ClientCheck::Require);
}

bool lacks_certificate(const Exchange& exchange) {
  return exchange.site->settings.https.client_certificates == config::ClientCheck::Require &&
         !exchange.request.by_tls && exchange.request.scheme == "https";
}

void answer_redirect(Exchange& exchange, std::uint16_t https_port) {
  const Request& request = exchange.request;
  Response& response = exchange.response;
  std::array<char, 8> port{};
  if (https_port != 443) fmt::format_to_n(port.data(), port.size(), ":{}", https_port);
  // HTTP/1.0 may come without a host; the site has no name then either.
  const std::string_view host = request.host.empty() ? "localhost" : request.host;
  const std::array<std::string_view, 4> parts{"https://", host, port.data(),
                                              request.path_with_query};
  const auto fields = exchange.arena.make_array<http::Field>(1);
  std::size_t bytes = 0;
  for (const std::string_view part : parts) bytes += part.size();
  auto* const location = static_cast<char*>(exchange.arena.alloc(bytes, 1));
  response.status = 308;
  if (fields && location != nullptr) {
    char* end = location;
    for (const std::string_view part : parts) end = std::ranges::copy(part, end).out;
    (*fields)[0] = {.name = "location", .value = {location, bytes}};
    response.fields = *fields;
  }
  response.head_ready = true;
  response.ended = true;
}

void add_transport_security(Exchange& exchange) {
  if (exchange.site == nullptr || exchange.request.scheme != "https") return;
  const auto age =
      std::chrono::duration_cast<std::chrono::seconds>(exchange.site->settings.https.hsts);
  if (age.count() == 0 || !may_be_held_to_tls(exchange.request.host)) return;
  if (http::find_field(exchange.response.fields, kTransportSecurity) != nullptr) return;
  std::array<char, 32> text{};
  const auto written = fmt::format_to_n(text.data(), text.size(), "max-age={}", age.count());
  add_field(exchange, kTransportSecurity, {text.data(), written.size});
}

bool came_too_early(const Exchange& exchange) {
  if (!exchange.request.early) return false;
  const std::string_view method = exchange.request.method;
  const bool safe = method == "GET" || method == "HEAD" || method == "OPTIONS";
  const config::RouteSettings* const route = exchange.site->route(exchange.route);
  const bool of_site = exchange.site->settings.https.early_data;
  const bool allowed = route == nullptr ? of_site : route->early_data.value_or(of_site);
  return !safe || exchange.request.has_body || !allowed;
}

void add_alternative_service(Exchange& exchange, std::uint16_t port) {
  const bool elsewhere = exchange.protocol == Protocol::Http3 ||
                         exchange.protocol == Protocol::Internal || !exchange.request.by_tls;
  if (elsewhere || http::find_field(exchange.response.fields, kAlternativeService) != nullptr) {
    return;
  }
  std::array<char, 32> text{};
  const auto written = fmt::format_to_n(text.data(), text.size(), "h3=\":{}\"; ma=86400", port);
  add_field(exchange, kAlternativeService, {text.data(), written.size});
}

}  // namespace pear::data::response
