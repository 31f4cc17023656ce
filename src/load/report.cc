#include "load/report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/assert.h"

namespace pear::load {
namespace {

std::optional<double> latency(const Round& round, double percent) {
  const auto& histogram = round.outcome.latency;
  if (histogram.count() == 0) return std::nullopt;
  return static_cast<double>(histogram.percentile(percent).count());
}

double seconds_of(const Round& round) {
  return std::max(1e-9, static_cast<double>(round.outcome.elapsed.count()) / 1e9);
}

std::optional<double> cpu_per_request(const Round& round) {
  if (!round.server || round.outcome.answered == 0) return std::nullopt;
  return static_cast<double>(round.server->cpu.count()) /
         static_cast<double>(round.outcome.answered);
}

std::optional<double> resident(const Round& round) {
  if (!round.server) return std::nullopt;
  return static_cast<double>(round.server->resident.count);
}

}  // namespace

const std::vector<Metric>& metrics() {
  using Unit = Metric::Unit;
  static const std::vector<Metric> kMetrics{
      {"requests_per_s", "requests/s", Unit::PerSecond,
       [](const Round& r) -> std::optional<double> { return r.outcome.rate_per_s(); }},
      {"answered", "answered", Unit::Count,
       [](const Round& r) -> std::optional<double> {
         return static_cast<double>(r.outcome.answered);
       }},
      {"failed", "failed", Unit::Count,
       [](const Round& r) -> std::optional<double> {
         return static_cast<double>(r.outcome.failed());
       }},
      {"p50_ns", "p50", Unit::Duration, [](const Round& r) { return latency(r, 50); }},
      {"p90_ns", "p90", Unit::Duration, [](const Round& r) { return latency(r, 90); }},
      {"p99_ns", "p99", Unit::Duration, [](const Round& r) { return latency(r, 99); }},
      {"p99_9_ns", "p99.9", Unit::Duration, [](const Round& r) { return latency(r, 99.9); }},
      {"p99_99_ns", "p99.99", Unit::Duration, [](const Round& r) { return latency(r, 99.99); }},
      {"max_ns", "max", Unit::Duration, [](const Round& r) { return latency(r, 100); }},
      {"mean_ns", "mean", Unit::Duration,
       [](const Round& r) -> std::optional<double> {
         if (r.outcome.latency.count() == 0) return std::nullopt;
         return static_cast<double>(r.outcome.latency.mean().count());
       }},
      {"received_bytes_per_s", "received/s", Unit::BytesPerSecond,
       [](const Round& r) -> std::optional<double> {
         return static_cast<double>(r.outcome.bytes_received) / seconds_of(r);
       }},
      {"sent_bytes_per_s", "sent/s", Unit::BytesPerSecond,
       [](const Round& r) -> std::optional<double> {
         return static_cast<double>(r.outcome.bytes_sent) / seconds_of(r);
       }},
      {"server_cpu_us_per_request", "server CPU/request", Unit::Micros, cpu_per_request},
      {"server_resident_bytes", "server memory", Unit::Bytes, resident},
  };
  return kMetrics;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> median_of(const Metric& metric, const Measured& measured) {
  std::vector<double> values;
  for (const Round& round : measured.rounds) {
    if (const auto value = metric.value(round)) values.push_back(*value);
  }
  return median(std::move(values));
}

std::optional<double> median_ratio(const Metric& metric, const Measured& measured,
                                   const Measured& base) {
  PEAR_ASSERT(measured.rounds.size() == base.rounds.size(), "rounds are measured in pairs");
  std::vector<double> ratios;
  for (std::size_t i = 0; i < measured.rounds.size(); ++i) {
    const auto own = metric.value(measured.rounds[i]);
    const auto first = metric.value(base.rounds[i]);
    if (own && first && *first > 0) ratios.push_back(*own / *first);
  }
  return median(std::move(ratios));
}

bool is_clean(const Report& report) {
  return std::ranges::all_of(report.targets, [](const Measured& measured) {
    return std::ranges::all_of(measured.rounds, [](const Round& round) {
      return round.outcome.failed() == 0 && round.outcome.answered > 0;
    });
  });
}

}  // namespace pear::load
