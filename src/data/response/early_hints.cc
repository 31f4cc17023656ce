#include "data/response/early_hints.h"

#include <algorithm>

#include "data/protocol/stream.h"
#include "http/field_rules.h"
#include "model/site_table.h"

namespace pear::data::response {
namespace {

constexpr std::uint16_t kEarlyHints = 103;

// Browsers say what a request is for; who does not say so may want a page.
bool is_for_page(const Request& request) {
  if (request.method != "GET") return false;
  const http::Field* const mode = http::find_field(request.fields, "sec-fetch-mode");
  return mode == nullptr || mode->value == "navigate";
}

}  // namespace

void give_early_hints(Exchange& exchange) {
  const model::Site& site = *exchange.site;
  const config::RouteSettings* const route = site.route(exchange.route);
  const auto& hints =
      route != nullptr && route->early_hints ? *route->early_hints : site.settings.early_hints;
  if (hints.empty() || exchange.stream == nullptr || !is_for_page(exchange.request)) return;
  const auto fields = exchange.arena.make_array<http::Field>(hints.size());
  if (!fields) return;
  std::ranges::transform(hints, fields->begin(), [](const std::string& hint) {
    return http::Field{.name = "link", .value = hint};
  });
  auto* const interim =
      exchange.arena.make<Interim>(Interim{.status = kEarlyHints, .fields = *fields});
  if (interim == nullptr) return;
  exchange.add_interim(*interim);
  exchange.stream->on_interim(exchange);
}

}  // namespace pear::data::response
