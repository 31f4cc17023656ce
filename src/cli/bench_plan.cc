#include "cli/bench_plan.h"

#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/local_tls.h"
#include "config/units.h"
#include "http/field_rules.h"

namespace pear::cli {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kTargetsMax = 16;

Told<milliseconds> duration_of(std::string_view option, const std::string& text) {
  const auto duration = config::parse_duration(text);
  if (duration) return *duration;
  return std::unexpected(
      fmt::format("{} '{}' is no duration: write 500ms, 10s, 2m or 1h", option, text));
}

Told<std::pair<std::string, std::string>> header_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return std::unexpected(fmt::format("--header '{}' is not of the form 'Name: value'", text));
  }
  const std::string_view value = http::trim_blanks(std::string_view(text).substr(colon + 1));
  return std::pair{text.substr(0, colon), std::string(value)};
}

Told<void> set_times(const BenchOptions& options, load::Plan* plan) {
  if (!options.duration.empty()) {
    const auto duration = duration_of("--duration", options.duration);
    if (!duration) return std::unexpected(duration.error());
    plan->bound.duration = *duration;
  } else if (!options.replay.empty() || options.requests > 0) {
    // The log, or the count, ends the run.
    plan->bound.duration = options.timeline ? load::Plan::kTimelineMax : load::Bound::kDurationMax;
  }
  if (!options.hold.empty()) {
    const auto hold = duration_of("--hold", options.hold);
    if (!hold) return std::unexpected(hold.error());
    plan->hold = *hold;
  }
  const auto warm_up = duration_of("--warm-up", options.warm_up);
  if (!warm_up) return std::unexpected(warm_up.error());
  plan->warm_up = *warm_up;
  const auto timeout = duration_of("--timeout", options.timeout);
  if (!timeout) return std::unexpected(timeout.error());
  plan->timeout = *timeout;
  return {};
}

Told<void> set_request(const BenchOptions& options, load::Plan* plan) {
  for (const std::string& text : options.headers) {
    auto header = header_of(text);
    if (!header) return std::unexpected(header.error());
    plan->headers.push_back(*std::move(header));
  }
  if (options.body) plan->body = *options.body;
  if (options.body_file) {
    auto body = read_file(*options.body_file);
    if (!body) return std::unexpected(body.error());
    plan->body = *std::move(body);
  }
  const bool has_body = options.body || options.body_file;
  plan->method = has_body ? "POST" : "GET";
  if (!options.method.empty()) plan->method = options.method;
  return {};
}

Told<void> set_expectations(const BenchOptions& options, load::Plan* plan) {
  if (options.expect_status != 0) {
    plan->expect.status = static_cast<std::uint16_t>(options.expect_status);
  }
  if (!options.expect_sha256.empty()) {
    plan->expect.body = load::parse_sha256(options.expect_sha256);
    if (!plan->expect.body) return std::unexpected("--expect-sha256 takes 64 hex digits");
  }
  return {};
}

Told<void> set_replay(const BenchOptions& options, const Terminal& terminal, load::Plan* plan) {
  if (options.replay.empty()) return {};
  const auto text = read_file(options.replay);
  if (!text) return std::unexpected(text.error());
  auto log = load::parse_replay_log(*text);
  if (!log) {
    return std::unexpected(fmt::format("{}: {}", options.replay, log.error().detail.view()));
  }
  if (log->skipped_count > 0) {
    terminal.warning(fmt::format("{}: {} line{} left out", options.replay, log->skipped_count,
                                 log->skipped_count == 1 ? "" : "s"));
    for (const auto& skipped : log->skipped) {
      terminal.hint(fmt::format("line {}: {}", skipped.line, skipped.reason));
    }
  }
  plan->replay = std::move(log->entries);
  return {};
}

Told<load::HttpVersion> version_of(const std::string& text) {
  if (text == "auto") return load::HttpVersion::Auto;
  if (text == "1" || text == "1.1") return load::HttpVersion::Http1;
  if (text == "2") return load::HttpVersion::Http2;
  if (text == "3") return load::HttpVersion::Http3;
  return std::unexpected(fmt::format("--http '{}' is none of auto, 1, 2 and 3", text));
}

Told<void> set_connections(const BenchOptions& options, load::Plan* plan) {
  plan->threads = options.threads;
  plan->connections = options.connections;
  if (options.streams != 0) plan->streams = options.streams;
  if (options.new_connections || options.resume || options.early_data) {
    plan->connection_use = load::ConnectionUse::NewForEach;
  }
  for (const std::string& text : options.connect_to) {
    auto detour = load::parse_detour(text);
    if (!detour) {
      return std::unexpected(
          fmt::format("--connect-to '{}': {}", text, detour.error().detail.view()));
    }
    plan->detours.push_back(*std::move(detour));
  }
  load::TlsPlan& tls = plan->tls;
  if (options.insecure) tls.check = load::TlsPlan::Check::Nothing;
  if (options.resume) tls.resumption = load::Resumption::Tickets;
  if (options.early_data) tls.resumption = load::Resumption::EarlyData;
  if (options.no_hybrid) tls.key_exchange = load::KeyExchange::Classic;
  tls.authorities = options.ca;
  const auto local = local_authority_folder() / "authority.pem";
  std::error_code ignored;
  if (std::filesystem::exists(local, ignored)) tls.local_authority = local;
  return {};
}

Told<load::Plan> plan_of(const BenchOptions& options, const Terminal& terminal) {
  load::Plan plan;
  if (options.rate != 0) plan.rate_per_s = options.rate;
  if (options.speed != 0) plan.replay_speed = options.speed;
  if (options.requests != 0) plan.bound.requests = options.requests;
  plan.timeline = options.timeline;
  if (options.allow_remote) plan.reach = load::Reach::AnyAddress;
  for (const auto& set :
       {set_connections(options, &plan), set_times(options, &plan), set_request(options, &plan),
        set_expectations(options, &plan), set_replay(options, terminal, &plan)}) {
    if (!set) return std::unexpected(set.error());
  }
  return plan;
}

}  // namespace

Told<std::vector<load::TargetToMeasure>> targets_of(const BenchOptions& options,
                                                    const Terminal& terminal) {
  const std::size_t count = options.urls.size();
  if (count > kTargetsMax) {
    return std::unexpected(fmt::format("at most {} URLs can be compared", kTargetsMax));
  }
  if (options.server_pids.size() > count) {
    return std::unexpected("--server-pid is given more often than there are URLs");
  }
  if (options.http.size() > 1 && options.http.size() != count) {
    return std::unexpected("--http is given once, or once for each URL");
  }
  const auto plan = plan_of(options, terminal);
  if (!plan) return std::unexpected(plan.error());
  std::vector<load::TargetToMeasure> targets;
  for (std::size_t i = 0; i < count; ++i) {
    load::TargetToMeasure target{.url = options.urls[i], .plan = *plan};
    auto parsed = load::parse_target(options.urls[i]);
    if (!parsed) {
      return std::unexpected(fmt::format("{}: {}", options.urls[i], parsed.error().detail.view()));
    }
    target.plan.target = *std::move(parsed);
    if (!options.http.empty()) {
      const auto version = version_of(options.http[options.http.size() > 1 ? i : 0]);
      if (!version) return std::unexpected(version.error());
      target.plan.http = *version;
    }
    if (i < options.server_pids.size()) target.server_pid = options.server_pids[i];
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace pear::cli
