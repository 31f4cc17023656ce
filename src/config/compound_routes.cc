// Routes of a site, and what a route may say otherwise than its site.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "config/compound.h"
#include "config/items.h"
#include "config/problem.h"
#include "config/route_path.h"
#include "config/units.h"

namespace pear::config {
namespace {

constexpr std::size_t kRoutesMax = 200;
constexpr std::size_t kHintsMax = 20;
constexpr std::size_t kHintBytesMax = 1'000;
constexpr std::string_view kHintForm = "\"</style.css>; rel=preload; as=style\"";

struct RateKey {
  std::string_view name;
  Rate RequestRates::* rate;
};
constexpr std::array kRateKeys{RateKey{"per_address", &RequestRates::per_address},
                               RateKey{"per_prefix", &RequestRates::per_prefix},
                               RateKey{"total", &RequestRates::total}};

Value rates_value(const RequestRates& rates) {
  Table table;
  for (const RateKey& key : kRateKeys) {
    const Rate& rate = rates.*key.rate;
    if (rate.count == 0) continue;
    table.push_back({.key = std::string(key.name), .at = {}, .value = text_value(to_text(rate))});
  }
  return {.content = std::move(table), .at = {}};
}

// Of one route. `within` names it.
RequestRates read_rates(const Value& value, const std::string& within, Reading& reading) {
  RequestRates rates;
  const auto refuse = [&](const Value& where, const std::string& part, std::string what) {
    reading.refusals.push_back(
        {where.at, part, std::move(what), R"({ per_address = "100/s", per_prefix, total })", {}});
  };
  const auto* const table = value.get<Table>();
  if (table == nullptr) {
    refuse(value, within, fmt::format("must be a table, not {}", kind_of(value)));
    return rates;
  }
  constexpr std::array<std::string_view, 3> kKnown{kRateKeys[0].name, kRateKeys[1].name,
                                                   kRateKeys[2].name};
  refuse_unknown(*table, kKnown, within, reading);
  for (const RateKey& key : kRateKeys) {
    const Value* const rate = find(*table, key.name);
    if (rate == nullptr) continue;
    const auto* const text = rate->get<std::string>();
    const auto parsed = text == nullptr ? std::nullopt : parse_rate(*text);
    if (parsed) {
      rates.*key.rate = *parsed;
    } else {
      refuse(*rate, fmt::format("{}.{}", within, key.name), "is not a rate such as \"100/s\"");
    }
  }
  return rates;
}

bool is_hint(std::string_view text) {
  const std::size_t end = text.find('>');
  return text.starts_with('<') && end != std::string_view::npos && end > 1 &&
         text.size() <= kHintBytesMax && text.back() != ' ' &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// The texts of a list of hints. `within`: the list's own name, empty where it is the setting.
std::optional<std::vector<std::string>> read_hints(const Value& value, const std::string& within,
                                                   Reading& reading) {
  const ItemsView items(value, reading, kHintsMax);
  if (items.refused()) return std::nullopt;
  std::vector<std::string> hints;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const auto* const text = (*items)[i].get<std::string>();
    if (text != nullptr && is_hint(*text)) {
      hints.push_back(*text);
      continue;
    }
    reading.refusals.push_back({(*items)[i].at,
                                fmt::format("{}[{}]", within, i),
                                "is not the value of a Link field",
                                std::string(kHintForm),
                                {}});
  }
  if (hints.size() != (*items).size()) return std::nullopt;
  return hints;
}

Value hints_value(const std::vector<std::string>& hints) {
  Array items;
  for (const std::string& hint : hints) items.push_back(text_value(hint));
  return {.content = std::move(items), .at = {}};
}

// What a route's table has beside its path. `within` names the route.
void read_route(const Table& table, const std::string& within, Reading& reading,
                RouteSettings* route) {
  constexpr std::array<std::string_view, 4> kKnown{"path", "rate_limit", "early_data",
                                                   "early_hints"};
  refuse_unknown(table, kKnown, within, reading);
  if (const Value* const limit = find(table, "rate_limit")) {
    route->rate_limit = read_rates(*limit, within + ".rate_limit", reading);
  }
  if (const Value* const early = find(table, "early_data")) {
    if (const auto* const allowed = early->get<bool>()) {
      route->early_data = *allowed;
    } else {
      reading.refusals.push_back({early->at,
                                  within + ".early_data",
                                  fmt::format("must be true or false, not {}", kind_of(*early)),
                                  {},
                                  {}});
    }
  }
  if (const Value* const hints = find(table, "early_hints")) {
    route->early_hints = read_hints(*hints, within + ".early_hints", reading);
  }
}

Value route_value(const RouteSettings& route) {
  Table table;
  const auto add = [&table](std::string key, Value value) {
    table.push_back({.key = std::move(key), .at = {}, .value = std::move(value)});
  };
  add("path", text_value(route.path));
  if (route.rate_limit.any()) add("rate_limit", rates_value(route.rate_limit));
  if (route.early_data) add("early_data", {.content = *route.early_data, .at = {}});
  if (route.early_hints) add("early_hints", hints_value(*route.early_hints));
  return {.content = std::move(table), .at = {}};
}

}  // namespace

Value get_routes(Target target) {
  Array items;
  for (const RouteSettings& route : target.site.routes) items.push_back(route_value(route));
  return {.content = std::move(items), .at = {}};
}

void set_routes(Target target, const Value& value, Reading& reading) {
  const ItemsView items(value, reading, kRoutesMax);
  if (items.refused()) return;
  if ((*items).empty()) {
    reading.refuse(value, "names no route", "1 to 200 routes");
    return;
  }
  const std::size_t refused_before = reading.refusals.size();
  std::vector<RouteSettings> routes;
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < (*items).size(); ++i) {
    const Value* path = &(*items)[i];
    RouteSettings route;
    if (const auto* table = path->get<Table>()) {
      read_route(*table, fmt::format("[{}]", i), reading, &route);
      path = find(*table, "path");
    }
    const auto* text = path == nullptr ? nullptr : path->get<std::string>();
    if (text == nullptr) {
      items.refuse(i, "needs a path in quotes", "{ path = \"/...\" }");
    } else if (const auto problem = problem_in_route_path(*text)) {
      items.refuse(i, *problem, R"(exact "/a", one segment "/a/:id", any rest "/a/...")");
    } else if (!seen.insert(route_pattern(normal_route_path(*text))).second) {
      items.refuse(i, in_quotes(*text) + " matches the same requests as an earlier route");
    } else {
      route.path = normal_route_path(*text);
      routes.push_back(std::move(route));
    }
  }
  if (reading.refusals.size() == refused_before) target.site.routes = std::move(routes);
}

Value get_early_hints(Target target) {
  return hints_value(target.site.early_hints);
}

void set_early_hints(Target target, const Value& value, Reading& reading) {
  if (auto hints = read_hints(value, {}, reading)) target.site.early_hints = *std::move(hints);
}

}  // namespace pear::config
