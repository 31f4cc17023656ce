// GET /metrics
#include <array>
#include <charconv>
#include <string_view>

#include "control/admin/metrics_text.h"
#include "control/admin/resources.h"
#include "control/admin/site_totals.h"
#include "data/core_event.h"
#include "http/http2/flood_guard.h"
#include "http/http3/offence.h"
#include "io/process_memory.h"
#include "io/tls/server_contexts.h"

namespace pear::admin {
namespace {

using model::CoreCounters;
using model::Counter;
using model::SiteCounters;
using model::SiteMetrics;

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

template <typename Visit>
void for_each_site(const AdminView& view, Visit visit) {
  for (const auto& metrics : view.metrics) {
    if (metrics != nullptr) visit(*metrics);
  }
}

struct SiteCounter {
  std::string_view name;
  std::string_view help;
  Counter SiteCounters::* counter;
};
constexpr SiteCounter kSiteCounters[] = {
    {"pear_request_bytes_total", "Bytes of request bodies.", &SiteCounters::request_bytes},
    {"pear_response_bytes_total", "Bytes of response bodies.", &SiteCounters::response_bytes},
    {"pear_cage_recoveries_total", "Faults after which a successor ran.", &SiteCounters::recovered},
    {"pear_displaced_total", "Requests that made room for others of clients with fewer.",
     &SiteCounters::displaced},
    {"pear_cage_instances_made_total", "Instances that were made.", &SiteCounters::instances_made},
    {"pear_guest_log_lines_dropped_total",
     "Lines of guests beyond the bound of a request, or that found no room in the log.",
     &SiteCounters::log_lines_dropped},
    {"pear_access_log_lines_dropped_total", "Requests for whose line the log had no room.",
     &SiteCounters::access_lines_dropped},
};

struct CoreCounter {
  std::string_view name;
  std::string_view help;
  Counter CoreCounters::* counter;
};
constexpr CoreCounter kCoreCounters[] = {
    {"pear_connections_accepted_total", "Connections that were accepted.",
     &CoreCounters::connections_accepted},
    {"pear_client_memory_ended_total",
     "Requests that were ended since too much was held for their client, or for all.",
     &CoreCounters::memory_ended},
    {"pear_limits_forgotten_total",
     "Clients whose rates gave way to others before they could: see server.rate_limit.entries.",
     &CoreCounters::limits_forgotten},
    {"pear_listener_paused_total",
     "How often accepting paused: no descriptors, or connections_max.",
     &CoreCounters::accept_paused},
    {"pear_connections_retired_total", "Idle connections that were closed to make room.",
     &CoreCounters::connections_retired},
    {"pear_protocol_errors_total", "Requests that the parser refused.",
     &CoreCounters::protocol_errors},
    {"pear_tls_handshakes_total", "TLS handshakes that were completed.",
     &CoreCounters::tls_handshakes},
    {"pear_tls_resumptions_total", "Completed handshakes that went on from a session ticket.",
     &CoreCounters::tls_resumed},
    {"pear_tls_failures_total", "TLS handshakes that failed.", &CoreCounters::tls_failures},
    {"pear_quic_handshakes_total", "TLS handshakes that were completed over QUIC.",
     &CoreCounters::quic_handshakes},
    {"pear_quic_datagrams_total", "Datagrams of QUIC received.", &CoreCounters::quic_datagrams},
    {"pear_quic_datagrams_handed_over_total",
     "Received datagrams of a connection that another core has.", &CoreCounters::quic_handed_over},
    {"pear_quic_datagrams_dropped_total", "Received datagrams that nobody could use.",
     &CoreCounters::quic_dropped},
    {"pear_quic_datagrams_unsent_total", "Datagrams that the kernel did not take.",
     &CoreCounters::quic_datagrams_unsent},
    {"pear_quic_retries_total", "Clients that were asked to prove their address.",
     &CoreCounters::quic_retries},
    {"pear_quic_stateless_resets_total", "Packets of unknown connections that were answered.",
     &CoreCounters::quic_resets},
    {"pear_quic_version_negotiations_total", "Clients that came with an unknown version.",
     &CoreCounters::quic_versions},
    {"pear_quic_migrations_total", "Clients that moved to another address.",
     &CoreCounters::quic_migrations},
    {"pear_protocol_timeouts_total", "Connections that a timeout ended.", &CoreCounters::timeouts},
    {"pear_core_turns_total", "Turns of the event loop.", &CoreCounters::turns},
    {"pear_core_events_dropped_total", "Events to the control plane that found no room.",
     &CoreCounters::events_dropped},
    {"pear_log_lines_dropped_total", "Log lines that found no room.",
     &CoreCounters::log_lines_dropped},
};

struct SiteHistogram {
  std::string_view name;
  std::string_view help;
  base::Histogram SiteCounters::* histogram;
};
constexpr SiteHistogram kHistograms[] = {
    {"pear_request_seconds", "Request head complete to last byte handed to the kernel.",
     &SiteCounters::latency},
    {"pear_queue_seconds", "Request head complete to the first slice of the guest.",
     &SiteCounters::queue_wait},
    {"pear_heal_seconds", "Fault to a successor that runs.", &SiteCounters::heal},
};

template <typename Value>
std::uint64_t core_total(const AdminView& view, const Value& value) {
  std::uint64_t total = 0;
  for (const CoreCounters* const core : view.cores) total += value(*core);
  return total;
}

void write_process(MetricsText& text, const AdminView& view) {
  text.gauge("pear_build_info", "1; the label says which version runs.");
  text.sample({{"version", view.version}}, 1);
  text.gauge("pear_uptime_seconds", "Since the process began to serve.");
  text.seconds({}, view.now - view.started_at);
  text.gauge("pear_ready", "1 when /readyz says 200.");
  text.sample({}, view.ready ? 1 : 0);
}

void write_requests(MetricsText& text, const AdminView& view) {
  text.counter("pear_requests_total",
               "Requests by class of their status; none: ended without one.");
  for_each_site(view, [&](const SiteMetrics& site) {
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
      text.sample({{"site", site.name}, {"code_class", kClasses[i]}},
                  sum(site, [i](const SiteCounters& c) -> auto& { return c.responses[i]; }));
    }
  });
  text.counter("pear_queue_refused_total", "Requests that got no place: 503.");
  for_each_site(view, [&](const SiteMetrics& site) {
    const auto of = [&](Counter SiteCounters::* which) {
      return sum(site, [which](const SiteCounters& c) -> auto& { return c.*which; });
    };
    text.sample({{"site", site.name}, {"reason", "full"}}, of(&SiteCounters::queue_full));
    text.sample({{"site", site.name}, {"reason", "timeout"}}, of(&SiteCounters::queue_timeout));
    text.sample({{"site", site.name}, {"reason", "shed"}}, of(&SiteCounters::shed));
  });
  text.counter("pear_rate_limited_total", "Requests past a limit of rate: 429.");
  for_each_site(view, [&](const SiteMetrics& site) {
    for (std::size_t i = 0; i < model::kRequestLimits.size(); ++i) {
      text.sample({{"site", site.name}, {"kind", model::kRequestLimits[i]}},
                  sum(site, [i](const SiteCounters& c) -> auto& { return c.rate_limited[i]; }));
    }
  });
  for (const SiteHistogram& row : kHistograms) {
    text.histogram(row.name, row.help);
    for_each_site(view, [&](const SiteMetrics& site) {
      text.distribution({{"site", site.name}}, sum(site, row.histogram));
    });
  }
}

void write_sites(MetricsText& text, const AdminView& view) {
  for (const SiteCounter& row : kSiteCounters) {
    text.counter(row.name, row.help);
    for_each_site(view, [&](const SiteMetrics& site) {
      text.sample({{"site", site.name}},
                  sum(site, [&](const SiteCounters& c) -> auto& { return c.*row.counter; }));
    });
  }
  text.counter("pear_cage_cpu_seconds_total", "CPU time that guests consumed.");
  for_each_site(view, [&](const SiteMetrics& site) {
    const std::uint64_t ns =
        sum(site, [](const SiteCounters& c) -> auto& { return c.guest_cpu_ns; });
    text.seconds({{"site", site.name}}, std::chrono::nanoseconds(ns));
  });
  text.counter("pear_faults_total", "Instances that a fault ended, by its kind.");
  for_each_site(view, [&](const SiteMetrics& site) {
    for (std::size_t i = 0; i < data::kFaultKinds; ++i) {
      text.sample({{"site", site.name},
                   {"kind", data::name(data::FaultKind{static_cast<std::uint8_t>(i)})}},
                  sum(site, [i](const SiteCounters& c) -> auto& { return c.faults[i]; }));
    }
  });
}

void write_cages(MetricsText& text, const AdminView& view) {
  text.gauge("pear_cages", "Cages by state.");
  for (const auto& [id, site] : view.supervisor.sites()) {
    const CageTotals totals = cage_totals(*site);
    for (const model::CageState state : model::kCageStates) {
      text.sample({{"site", site->name()}, {"state", model::label(state)}}, totals.in(state));
    }
  }
  const auto gauge = [&](std::string_view name, std::string_view help,
                         std::uint64_t CageTotals::* which) {
    text.gauge(name, help);
    for (const auto& [id, site] : view.supervisor.sites()) {
      text.sample({{"site", site->name()}}, cage_totals(*site).*which);
    }
  };
  gauge("pear_cage_requests_in_flight", "Requests that cages run.", &CageTotals::in_flight);
  gauge("pear_cage_instances", "Instances alive.", &CageTotals::instances);
  gauge("pear_cage_memory_bytes", "Bytes that the cages' accounts hold.",
        &CageTotals::memory_bytes);
}

// What the process holds, by whom or what it is for. What is kept for reuse, the code and the
// images are what the resident memory has beyond that.
void write_memory(MetricsText& text, const AdminView& view) {
  text.gauge("pear_memory_bytes", "Bytes that are held, by what they are for.");
  for (std::size_t i = 0; i < model::kMemoryKinds.size(); ++i) {
    text.sample({{"kind", model::kMemoryKinds[i]}},
                core_total(view, [i](const CoreCounters& c) { return c.memory_bytes[i].value(); }));
  }
  std::uint64_t guests = 0;
  for (const auto& [id, site] : view.supervisor.sites()) guests += cage_totals(*site).memory_bytes;
  text.sample({{"kind", "guests"}}, guests);
  text.gauge("pear_client_memory_bytes",
             "Of bodies and large heads: what is charged to clients (http.memory_max).");
  text.sample({}, core_total(view, [](const CoreCounters& c) { return c.client_bytes.value(); }));
  text.gauge("pear_process_resident_bytes", "Physical memory of the server process.");
  text.sample({}, io::resident_bytes());
}

void write_refused_connections(MetricsText& text, std::string_view core,
                               const CoreCounters& counters) {
  for (std::size_t i = 0; i < model::kConnectionRefusals.size(); ++i) {
    text.sample({{"core", core}, {"kind", model::kConnectionRefusals[i]}},
                counters.connections_refused[i].value());
  }
}

void write_cores(MetricsText& text, const AdminView& view) {
  const auto for_each_core = [&](auto write) {
    for (std::size_t i = 0; i < view.cores.size(); ++i) {
      std::array<char, 8> digits{};
      const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), i).ptr;
      write(std::string_view(digits.data(), end), *view.cores[i]);
    }
  };
  text.gauge("pear_connections", "Connections that are open.");
  for_each_core([&](std::string_view core, const CoreCounters& counters) {
    text.sample({{"core", core}}, counters.connections_open.value());
  });
  for (const CoreCounter& row : kCoreCounters) {
    text.counter(row.name, row.help);
    for_each_core([&](std::string_view core, const CoreCounters& counters) {
      text.sample({{"core", core}}, (counters.*row.counter).value());
    });
  }
  text.counter("pear_connections_refused_total", "Connections that were closed unserved.");
  for_each_core([&](std::string_view core, const CoreCounters& counters) {
    write_refused_connections(text, core, counters);
  });
  text.counter("pear_http2_offences_total",
               "What clients did over HTTP/2 that a well-behaved one does not.");
  for_each_core([&](std::string_view core, const CoreCounters& counters) {
    for (std::size_t i = 0; i < http2::kOffences; ++i) {
      text.sample(
          {{"core", core}, {"kind", http2::to_text(http2::Offence{static_cast<std::uint8_t>(i)})}},
          counters.http2_offences[i].value());
    }
  });
  text.counter("pear_http3_offences_total",
               "What clients did over HTTP/3 that a well-behaved one does not.");
  for_each_core([&](std::string_view core, const CoreCounters& counters) {
    for (std::size_t i = 0; i < http3::kOffences; ++i) {
      text.sample(
          {{"core", core}, {"kind", http3::to_text(http3::Offence{static_cast<std::uint8_t>(i)})}},
          counters.http3_offences[i].value());
    }
  });
  text.gauge("pear_core_tick_late_seconds", "The longest that the ticker was late.");
  for_each_core([&](std::string_view core, const CoreCounters& counters) {
    text.seconds({{"core", core}}, std::chrono::nanoseconds(counters.tick_late_ns.value()));
  });
}

void write_certificates(MetricsText& text, const AdminView& view) {
  text.gauge("pear_certificate_expiry_timestamp_seconds",
             "When a certificate in force expires, in seconds since 1970.");
  if (view.certificates == nullptr) return;
  for (const auto& set : view.certificates->sets()) {
    for (const io::tls::CertificateSet::Member& member : set->members()) {
      const auto expires =
          std::chrono::duration_cast<std::chrono::seconds>(member.expires.time_since_epoch());
      text.sample({{"chain", member.chain.native()}, {"key", member.key_kind}},
                  static_cast<std::uint64_t>(expires.count()));
    }
  }
}

}  // namespace

Answer get_metrics(const AdminView& view) {
  MetricsText text;
  write_process(text, view);
  write_requests(text, view);
  write_sites(text, view);
  write_cages(text, view);
  write_memory(text, view);
  write_cores(text, view);
  write_certificates(text, view);
  return {.content_type = kPrometheus, .body = text.take()};
}

}  // namespace pear::admin
