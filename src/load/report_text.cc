#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/assert.h"
#include "load/report.h"

namespace pear::load {

using std::chrono::nanoseconds;

namespace {

// Three digits that count: "1.23", "12.3", "123".
std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size < 9.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

std::string value_text(std::optional<double> value, Metric::Unit unit) {
  if (!value) return "-";
  switch (unit) {
    case Metric::Unit::PerSecond:
      return *value < 1000 ? three_digits(*value)
                           : count_text(static_cast<std::uint64_t>(std::llround(*value)));
    case Metric::Unit::Duration:
      return duration_text(nanoseconds(static_cast<std::int64_t>(*value)));
    case Metric::Unit::Bytes:
      return bytes_text(*value);
    case Metric::Unit::BytesPerSecond:
      return fmt::format("{}/s", bytes_text(*value));
    case Metric::Unit::Count:
      return count_text(static_cast<std::uint64_t>(std::llround(*value)));
    case Metric::Unit::Micros:
      return fmt::format("{} us", three_digits(*value));
  }
  PEAR_UNREACHABLE("every unit has a text");
}

std::string_view version_text(HttpVersion version) {
  switch (version) {
    case HttpVersion::Auto:
      return "HTTP/2 or HTTP/1.1";
    case HttpVersion::Http1:
      return "HTTP/1.1";
    case HttpVersion::Http2:
      return "HTTP/2";
    case HttpVersion::Http3:
      return "HTTP/3";
  }
  PEAR_UNREACHABLE("every version has a name");
}

std::string connections_text(const Plan& plan, bool open_loop) {
  const std::string count = fmt::format("{}{} connection{}", open_loop ? "up to " : "",
                                        plan.connections, plan.connections == 1 ? "" : "s");
  if (plan.connection_use == ConnectionUse::NewForEach) return count + " (new for each)";
  const std::uint32_t streams = streams_of(plan);
  return streams > 1 ? fmt::format("{} of {} requests", count, streams) : count;
}

std::string plan_line(const Plan& plan) {
  std::string pace = "as fast as answers come";
  if (plan.hold) pace = fmt::format("held for {}", duration_text(*plan.hold));
  if (plan.rate_per_s) {
    pace = fmt::format("{} requests/s", three_digits(*plan.rate_per_s));
  } else if (plan.replay_speed) {
    pace = fmt::format("the log's own times x {}", three_digits(*plan.replay_speed));
  }
  const bool open_loop = plan.rate_per_s || plan.replay_speed;
  const std::string what =
      plan.replay.empty() ? plan.method : fmt::format("replay of {} requests", plan.replay.size());
  return fmt::format("{}, {}, {} thread{}, {}, {}", what, connections_text(plan, open_loop),
                     plan.threads, plan.threads == 1 ? "" : "s",
                     open_loop ? "open loop" : "closed loop", pace);
}

std::string connections_line(const Outcome& outcome) {
  std::string line = fmt::format("{} opened", count_text(outcome.connections_opened));
  const auto of = [&](Handshake kind) {
    return outcome.handshakes[static_cast<std::size_t>(kind)];
  };
  const std::uint64_t early = of(Handshake::Early);
  const std::uint64_t resumed = of(Handshake::Resumed);
  const std::uint64_t full = of(Handshake::Full);
  if (early + resumed + full == 0) return line;
  return line + fmt::format(", handshakes: full {}, resumed {}, with early data {}",
                            count_text(full), count_text(resumed), count_text(early));
}

std::string latency_line(const Round& round) {
  const auto& latency = round.outcome.latency;
  if (latency.count() == 0) return "none measured";
  return fmt::format("p50 {}  p90 {}  p99 {}  p99.9 {}  p99.99 {}  max {}",
                     duration_text(latency.percentile(50)), duration_text(latency.percentile(90)),
                     duration_text(latency.percentile(99)), duration_text(latency.percentile(99.9)),
                     duration_text(latency.percentile(99.99)), duration_text(latency.max()));
}

std::string failures_line(const Outcome& outcome) {
  if (outcome.failed() == 0) return "0";
  std::string kinds;
  for (std::size_t i = 0; i < kFailures; ++i) {
    if (outcome.failures[i] == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", to_text(static_cast<Failure>(i)),
                         count_text(outcome.failures[i]));
  }
  return fmt::format("{} ({})", count_text(outcome.failed()), kinds);
}

std::string statuses_line(const Outcome& outcome) {
  std::string classes;
  for (std::size_t i = 1; i < outcome.statuses.size(); ++i) {
    if (outcome.statuses[i] == 0) continue;
    classes +=
        fmt::format("{}{}xx {}", classes.empty() ? "" : "  ", i, count_text(outcome.statuses[i]));
  }
  return classes.empty() ? "none" : classes;
}

void append_line(std::string* out, std::string_view label, std::string_view text) {
  *out += fmt::format("  {:<12} {}\n", label, text);
}

std::string mismatches_text(const Outcome& outcome, bool is_replay) {
  std::string out;
  for (const Mismatch& mismatch : outcome.mismatches) {
    out += fmt::format("    {} {}: {}", is_replay ? "line" : "request", mismatch.index,
                       to_text(mismatch.failure));
    if (mismatch.status != 0) out += fmt::format(", status {}", mismatch.status);
    if (mismatch.expected.status) out += fmt::format(", expected {}", *mismatch.expected.status);
    if (mismatch.failure == Failure::WrongBody && mismatch.body && mismatch.expected.body) {
      out += fmt::format(", sha256 {}, expected {}", to_hex(*mismatch.body),
                         to_hex(*mismatch.expected.body));
    }
    out += '\n';
  }
  return out;
}

std::string timeline_text(const std::vector<Second>& timeline) {
  std::string out = fmt::format("\n  {:>6} {:>10} {:>8} {:>9} {:>9} {:>9}\n", "second", "answered",
                                "failed", "p50", "p99", "max");
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    const Second& second = timeline[i];
    out += fmt::format("  {:>6} {:>10} {:>8} {:>9} {:>9} {:>9}\n", i, count_text(second.answered),
                       count_text(second.failed), duration_text(second.latency.percentile(50)),
                       duration_text(second.latency.percentile(99)),
                       duration_text(second.latency.max()));
  }
  return out;
}

std::string round_text(const Plan& plan, const Round& round) {
  const Outcome& outcome = round.outcome;
  std::string out;
  append_line(&out, "answered",
              fmt::format("{} in {}, {} per second", count_text(outcome.answered),
                          duration_text(outcome.elapsed),
                          value_text(outcome.rate_per_s(), Metric::Unit::PerSecond)));
  append_line(&out, "failed", failures_line(outcome));
  if (!outcome.problem.empty()) append_line(&out, "TLS", outcome.problem);
  append_line(&out, "status", statuses_line(outcome));
  append_line(&out, "latency", latency_line(round));
  append_line(&out, "bytes",
              fmt::format("received {} (bodies {}), sent {}",
                          bytes_text(static_cast<double>(outcome.bytes_received)),
                          bytes_text(static_cast<double>(outcome.body_bytes)),
                          bytes_text(static_cast<double>(outcome.bytes_sent))));
  append_line(&out, "connections", connections_line(outcome));
  if (plan.hold) {
    append_line(&out, "held", fmt::format("{} to the end", count_text(outcome.held)));
  }
  if (outcome.sent_again > 0) {
    append_line(
        &out, "sent again",
        fmt::format("{}, as the server had not processed them", count_text(outcome.sent_again)));
  }
  if (plan.rate_per_s || plan.replay_speed) {
    append_line(&out, "late starts",
                fmt::format("{} of more than 1 ms, the latest {} after it was due",
                            count_text(outcome.late_starts), duration_text(outcome.late_max)));
  }
  if (round.server) {
    const Metric* cpu = nullptr;
    for (const Metric& metric : metrics()) {
      if (metric.unit == Metric::Unit::Micros) cpu = &metric;
    }
    append_line(&out, "server",
                fmt::format("CPU {} per request, memory {} in {} process{}",
                            value_text(cpu->value(round), cpu->unit),
                            bytes_text(static_cast<double>(round.server->resident.count)),
                            round.server->processes, round.server->processes == 1 ? "" : "es"));
  }
  out += mismatches_text(outcome, !plan.replay.empty());
  if (!outcome.timeline.empty()) out += timeline_text(outcome.timeline);
  return out;
}

// Column widths fit their widest cell; the first column stands left, the others right.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    out += fmt::format("  {:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) out += fmt::format("  {:>{}}", row[i], widths[i]);
    out += '\n';
  }
  return out;
}

std::string target_letter(std::size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('A' + index))
                    : fmt::format("#{}", index + 1);
}

std::string comparison_text(const Report& report) {
  const std::size_t rounds = report.targets.front().rounds.size();
  std::string out = fmt::format("{}\n", plan_line(report.plan));
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    out += fmt::format("  {}  {}, {}\n", target_letter(i), report.targets[i].url,
                       version_text(report.targets[i].http));
  }
  out +=
      fmt::format("Medians of {} round{}{}:\n\n", rounds, rounds == 1 ? "" : "s",
                  report.targets.size() == 1 ? "" : "; ratios are medians of each round's ratio");
  std::vector<std::vector<std::string>> rows(1);
  rows[0].emplace_back();
  for (std::size_t i = 0; i < report.targets.size(); ++i) {
    rows[0].push_back(target_letter(i));
    if (i > 0) rows[0].push_back(fmt::format("{}/A", target_letter(i)));
  }
  for (const Metric& metric : metrics()) {
    std::vector<std::string> row{metric.label};
    bool any = false;
    for (std::size_t i = 0; i < report.targets.size(); ++i) {
      const auto value = median_of(metric, report.targets[i]);
      any = any || value.has_value();
      row.push_back(value_text(value, metric.unit));
      if (i == 0) continue;
      const auto ratio = median_ratio(metric, report.targets[i], report.targets[0]);
      row.push_back(ratio ? fmt::format("{:.3f}", *ratio) : "-");
    }
    if (any) rows.push_back(std::move(row));
  }
  return out + aligned(rows);
}

}  // namespace

std::string duration_text(nanoseconds duration) {
  const auto ns = static_cast<double>(duration.count());
  if (ns < 999'500) return fmt::format("{} us", three_digits(ns / 1e3));
  if (ns < 999'500'000) return fmt::format("{} ms", three_digits(ns / 1e6));
  return fmt::format("{} s", three_digits(ns / 1e9));
}

std::string count_text(std::uint64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(digits[i]);
  }
  return out;
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1023.5 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes)
                   : fmt::format("{} {}", three_digits(bytes), kUnits[unit]);
}

std::string to_text(const Report& report) {
  PEAR_ASSERT(!report.targets.empty(), "a run has at least one target");
  const bool single = report.targets.size() == 1 && report.targets.front().rounds.size() == 1;
  if (single) {
    return fmt::format("{}\n  {}, {}\n\n{}", report.targets.front().url,
                       version_text(report.targets.front().http), plan_line(report.plan),
                       round_text(report.plan, report.targets.front().rounds.front()));
  }
  std::string out = comparison_text(report);
  // What went wrong is said round by round: a median hides it.
  for (const Measured& measured : report.targets) {
    for (std::size_t i = 0; i < measured.rounds.size(); ++i) {
      const Outcome& outcome = measured.rounds[i].outcome;
      if (outcome.failed() == 0) continue;
      out += fmt::format("\n  {} round {}: {}\n{}", measured.url, i + 1, failures_line(outcome),
                         mismatches_text(outcome, !report.plan.replay.empty()));
    }
  }
  return out;
}

}  // namespace pear::load
