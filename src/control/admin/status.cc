// GET /status
#include <algorithm>
#include <string_view>

#include "control/admin/json_text.h"
#include "control/admin/resources.h"
#include "control/admin/site_totals.h"
#include "data/core_event.h"
#include "io/process_memory.h"

namespace pear::admin {
namespace {

using model::CageState;
using model::SiteCounters;
using model::SiteMetrics;
using supervisor::Cage;
using supervisor::Place;
using supervisor::SiteWatch;

void write_cage(JsonText& json, const AdminView& view, const Cage& cage, const Place* place) {
  json.begin_object();
  json.number("cage", static_cast<std::uint32_t>(cage.id));
  json.number("core", static_cast<std::uint16_t>(cage.core));
  json.text("state", model::name(cage.state));
  json.number("incarnation", cage.counters->incarnation.load(std::memory_order_relaxed));
  json.number("in_flight", cage.counters->in_flight.value());
  json.number("served", cage.counters->served.value());
  json.number("faults", cage.counters->faults.value());
  json.number("instances", cage.counters->instances.value());
  json.number("memory_bytes", cage.counters->memory_bytes.value());
  if (cage.last_fault) {
    json.text("last_fault", data::name(*cage.last_fault));
  } else {
    json.null("last_fault");
  }
  if (!cage.last_reason.empty()) json.text("last_reason", cage.last_reason);
  if (place != nullptr) {
    json.number("attempts", place->policy.failures());
    json.truth("given_up", place->gave_up);
    if (place->spawn_at) {
      const auto wait = std::max(*place->spawn_at - view.now, std::chrono::nanoseconds::zero());
      json.milliseconds("next_attempt_ms", wait.count());
    } else {
      json.null("next_attempt_ms");
    }
  }
  json.end_object();
}

void write_latency(JsonText& json, std::string_view key, const base::Histogram::Snapshot& values) {
  json.begin_object(key);
  json.number("count", values.count());
  json.milliseconds("p50_ms", values.percentile(50).count());
  json.milliseconds("p90_ms", values.percentile(90).count());
  json.milliseconds("p99_ms", values.percentile(99).count());
  json.milliseconds("max_ms", values.max().count());
  json.end_object();
}

void write_traffic(JsonText& json, const SiteMetrics& metrics) {
  constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  json.begin_object("requests");
  for (std::size_t i = 0; i < std::size(kClasses); ++i) {
    json.number(kClasses[i],
                sum(metrics, [i](const SiteCounters& c) -> auto& { return c.responses[i]; }));
  }
  json.end_object();
  json.number("queue_full",
              sum(metrics, [](const SiteCounters& c) -> auto& { return c.queue_full; }));
  json.number("queue_timeout",
              sum(metrics, [](const SiteCounters& c) -> auto& { return c.queue_timeout; }));
  json.begin_object("faults");
  for (std::size_t i = 0; i < data::kFaultKinds; ++i) {
    json.number(data::name(data::FaultKind{static_cast<std::uint8_t>(i)}),
                sum(metrics, [i](const SiteCounters& c) -> auto& { return c.faults[i]; }));
  }
  json.end_object();
  write_latency(json, "latency", sum(metrics, &SiteCounters::latency));
  write_latency(json, "queue", sum(metrics, &SiteCounters::queue_wait));
  write_latency(json, "heal", sum(metrics, &SiteCounters::heal));
}

void write_pool(JsonText& json, const SiteWatch& site) {
  const CageTotals totals = cage_totals(site);
  json.begin_object("pool");
  json.number("total", site.current().places.size());
  json.number("healthy", site.current().running());
  json.number("initializing", totals.in(CageState::Initializing));
  json.number("crashed", totals.in(CageState::Crashed));
  json.number("terminating", totals.in(CageState::Terminating));
  json.number("terminated", totals.in(CageState::Terminated));
  json.number("in_flight", totals.in_flight);
  json.number("memory_bytes", totals.memory_bytes);
  json.end_object();
}

// What the supervisor keeps of a site, and what came of its requests.
void write_watch(JsonText& json, const AdminView& view, const SiteWatch& site) {
  json.text("image", site.current().version.digest);
  write_pool(json, site);
  json.begin_array("cages");
  for_each_cage(site,
                [&](const Cage& cage, const Place* place) { write_cage(json, view, cage, place); });
  json.end_array();
  const auto id = static_cast<std::uint32_t>(site.id());
  if (id < view.metrics.size() && view.metrics[id] != nullptr) {
    write_traffic(json, *view.metrics[id]);
  }
  json.begin_array("last_heals");
  for (const supervisor::Heal& heal : site.heals()) {
    json.begin_object();
    json.milliseconds("ago_ms", (view.now - heal.at).count());
    json.number("cage", static_cast<std::uint32_t>(heal.cage));
    json.text("fault", data::name(heal.kind));
    json.milliseconds("heal_ms", heal.took.count());
    json.end_object();
  }
  json.end_array();
}

void write_site(JsonText& json, const AdminView& view, const SiteStanding& site) {
  json.begin_object();
  json.text("name", site.name);
  json.text("state", name(site.state));
  json.truth("served", site.served());
  // Of one that is served this is why the version that was wanted last is not.
  if (!site.reason.empty()) json.text(site.served() ? "refused_update" : "reason", site.reason);
  if (site.watch != nullptr) write_watch(json, view, *site.watch);
  json.end_object();
}

void write_cores(JsonText& json, const AdminView& view) {
  json.begin_array("cores");
  for (std::size_t i = 0; i < view.cores.size(); ++i) {
    json.begin_object();
    json.number("core", i);
    json.truth("silent", view.supervisor.core_silent(CoreId{static_cast<std::uint16_t>(i)}));
    json.number("connections", view.cores[i]->connections_open.value());
    json.number("connections_accepted", view.cores[i]->connections_accepted.value());
    json.number("log_lines_dropped", view.cores[i]->log_lines_dropped.value());
    json.end_object();
  }
  json.end_array();
}

// What the process holds, by what it is for, as in the metrics.
void write_memory(JsonText& json, const AdminView& view) {
  json.begin_object("memory_bytes");
  for (std::size_t i = 0; i < model::kMemoryKinds.size(); ++i) {
    std::uint64_t bytes = 0;
    for (const model::CoreCounters* const core : view.cores) bytes += core->memory_bytes[i].value();
    json.number(model::kMemoryKinds[i], bytes);
  }
  std::uint64_t guests = 0;
  for (const auto& [id, site] : view.supervisor.sites()) guests += cage_totals(*site).memory_bytes;
  json.number("guests", guests);
  json.number("resident", io::resident_bytes());
  json.end_object();
}

}  // namespace

Answer get_status(const AdminView& view) {
  JsonText json;
  json.begin_object();
  json.text("version", view.version);
  json.milliseconds("uptime_ms", (view.now - view.started_at).count());
  json.truth("ready", view.ready);
  json.truth("draining", view.draining);
  json.truth("https_refused", view.https_refused);
  write_memory(json, view);
  write_cores(json, view);
  json.begin_array("sites");
  for (const SiteStanding& site : view.sites) write_site(json, view, site);
  json.end_array();
  json.end_object();
  std::string body = json.take();
  body.push_back('\n');
  return {.content_type = kJson, .body = std::move(body)};
}

}  // namespace pear::admin
