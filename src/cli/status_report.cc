#include "cli/status_report.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pear::cli {

namespace {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  static const json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return !object.is_object() || found == object.end() ? kNothing : *found;
}

std::string text_in(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? printable(value.get_ref<const std::string&>()) : std::string();
}

std::uint64_t count_in(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

double number_in(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_number() ? value.get<double>() : 0;
}

bool truth_in(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_boolean() && value.get<bool>();
}

std::uint64_t sum_of(const json& object) {
  std::uint64_t sum = 0;
  if (!object.is_object()) return sum;
  for (const json& value : object) {
    if (value.is_number_unsigned()) sum += value.get<std::uint64_t>();
  }
  return sum;
}

SiteStatus site_in(const json& object) {
  const json& pool = member(object, "pool");
  SiteStatus site{.name = text_in(object, "name"),
                  .state = text_in(object, "state"),
                  .refused_update = text_in(object, "refused_update"),
                  .reason = text_in(object, "reason"),
                  .total = count_in(pool, "total"),
                  .healthy = count_in(pool, "healthy"),
                  .crashed = count_in(pool, "crashed"),
                  .initializing = count_in(pool, "initializing"),
                  .requests = sum_of(member(object, "requests")),
                  .faults = sum_of(member(object, "faults")),
                  .p99_ms = number_in(member(object, "latency"), "p99_ms")};
  const json& heals = member(object, "last_heals");
  if (!heals.is_array()) return site;
  for (const json& heal : heals) {
    const double ago = number_in(heal, "ago_ms");
    if (site.heal_ms && ago >= site.heal_ago_ms) continue;
    site.heal_ms = number_in(heal, "heal_ms");
    site.heal_ago_ms = ago;
    site.heal_fault = text_in(heal, "fault");
  }
  return site;
}

std::chrono::nanoseconds from_ms(double ms) {
  // Whatever a server says fits: a hundred years.
  const double bounded = std::isfinite(ms) ? std::clamp(ms, 0.0, 3.2e12) : 0;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>(bounded));
}

std::string rate_text(const SiteStatus& site, const StatusReport& before, double elapsed_ms) {
  const auto then = std::ranges::find(before.sites, site.name, &SiteStatus::name);
  // A server that was restarted in between counts from zero.
  if (then == before.sites.end() || elapsed_ms <= 0 || site.requests < then->requests) return "-";
  const double rate = static_cast<double>(site.requests - then->requests) * 1000 / elapsed_ms;
  return rate < 10 && rate > 0 ? fmt::format("{:.1f}", rate) : fmt::format("{:.0f}", rate);
}

std::string heal_text(const SiteStatus& site) {
  if (!site.heal_ms) return "-";
  return fmt::format("{} ({}, {} ago)", duration_text(from_ms(*site.heal_ms)), site.heal_fault,
                     duration_text(from_ms(site.heal_ago_ms)));
}

}  // namespace

Told<StatusReport> parse_status(std::string_view text) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object() || !member(root, "sites").is_array()) {
    return std::unexpected("the answer is no status of pear");
  }
  StatusReport report{.version = text_in(root, "version"),
                      .uptime_ms = number_in(root, "uptime_ms"),
                      .ready = truth_in(root, "ready"),
                      .draining = truth_in(root, "draining"),
                      .https_refused = truth_in(root, "https_refused")};
  for (const json& site : member(root, "sites")) report.sites.push_back(site_in(site));
  return report;
}

std::string status_text(const StatusReport& before, const StatusReport& now,
                        const Terminal& terminal) {
  using enum Table::Align;
  Table table{.columns = {Left, Left, Right, Right, Right, Right, Right, Right, Right, Left},
              .rows = {{"SITE", "STATE", "CAGES", "HEALTHY", "CRASHED", "STARTING", "REQ/S", "P99",
                        "FAULTS", "LAST HEAL"}}};
  std::string notes;
  for (const SiteStatus& site : now.sites) {
    table.rows.push_back({site.name, site.state, fmt::format("{}", site.total),
                          fmt::format("{}", site.healthy), fmt::format("{}", site.crashed),
                          fmt::format("{}", site.initializing),
                          rate_text(site, before, now.uptime_ms - before.uptime_ms),
                          site.requests == 0 ? "-" : duration_text(from_ms(site.p99_ms)),
                          fmt::format("{}", site.faults), heal_text(site)});
    if (!site.reason.empty()) {
      notes += fmt::format("{} {} is not served: {}: {}\n", terminal.out(Colour::Yellow, "!"),
                           site.name, site.state, site.reason);
    }
    if (!site.refused_update.empty()) {
      notes += fmt::format("{} {}: the last update was refused: {}\n",
                           terminal.out(Colour::Yellow, "!"), site.name, site.refused_update);
    }
  }
  if (now.https_refused) {
    notes += fmt::format("{} https: no certificate can be used, handshakes are refused\n",
                         terminal.out(Colour::Yellow, "!"));
  }
  const std::string_view state = now.draining ? "draining" : now.ready ? "ready" : "not ready";
  return fmt::format("pear {}, {} for {}\n\n{}{}", now.version,
                     terminal.out(now.ready ? Colour::Green : Colour::Yellow, state),
                     duration_text(from_ms(now.uptime_ms)), to_text(table, terminal), notes);
}

}  // namespace pear::cli
