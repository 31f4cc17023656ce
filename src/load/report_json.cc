#include <nlohmann/json.hpp>

#include "load/report.h"

namespace pear::load {
namespace {

using Json = nlohmann::ordered_json;

const char* version_key(HttpVersion version) {
  switch (version) {
    case HttpVersion::Auto:
      return "auto";
    case HttpVersion::Http1:
      return "1";
    case HttpVersion::Http2:
      return "2";
    case HttpVersion::Http3:
      return "3";
  }
  return "";
}

Json plan_json(const Plan& plan) {
  Json json;
  json["method"] = plan.method;
  json["threads"] = plan.threads;
  json["connections"] = plan.connections;
  json["streams"] = streams_of(plan);
  json["connection_use"] =
      plan.connection_use == ConnectionUse::KeepAlive ? "keep-alive" : "new-for-each";
  json["loop"] = plan.rate_per_s || plan.replay_speed ? "open" : "closed";
  if (plan.rate_per_s) json["rate_per_s"] = *plan.rate_per_s;
  if (plan.replay_speed) json["replay_speed"] = *plan.replay_speed;
  if (!plan.replay.empty()) json["replay_requests"] = plan.replay.size();
  json["duration_ms"] = plan.bound.duration.count();
  if (plan.bound.requests) json["requests_max"] = *plan.bound.requests;
  json["warm_up_ms"] = plan.warm_up.count();
  if (plan.hold) json["hold_ms"] = plan.hold->count();
  json["timeout_ms"] = plan.timeout.count();
  json["request_body_bytes"] = plan.body.size();
  return json;
}

Json metrics_json(const auto& value_of) {
  Json json = Json::object();
  for (const Metric& metric : metrics()) {
    if (const std::optional<double> value = value_of(metric)) json[metric.key] = *value;
  }
  return json;
}

Json mismatch_json(const Mismatch& mismatch) {
  Json json;
  json["index"] = mismatch.index;
  json["failure"] = to_key(mismatch.failure);
  if (mismatch.status != 0) json["status"] = mismatch.status;
  if (mismatch.expected.status) json["expected_status"] = *mismatch.expected.status;
  if (mismatch.body) json["sha256"] = to_hex(*mismatch.body);
  if (mismatch.expected.body) json["expected_sha256"] = to_hex(*mismatch.expected.body);
  return json;
}

Json timeline_json(const std::vector<Second>& timeline) {
  Json json = Json::array();
  for (const Second& second : timeline) {
    json.push_back({{"answered", second.answered},
                    {"failed", second.failed},
                    {"p50_ns", second.latency.percentile(50).count()},
                    {"p99_ns", second.latency.percentile(99).count()},
                    {"max_ns", second.latency.max().count()}});
  }
  return json;
}

Json round_json(const Round& round) {
  const Outcome& outcome = round.outcome;
  Json json = metrics_json([&](const Metric& metric) { return metric.value(round); });
  json["elapsed_ns"] = outcome.elapsed.count();
  json["failures"] = Json::object();
  for (std::size_t i = 0; i < kFailures; ++i) {
    json["failures"][std::string(to_key(static_cast<Failure>(i)))] = outcome.failures[i];
  }
  json["statuses"] = Json::object();
  for (std::size_t i = 1; i < outcome.statuses.size(); ++i) {
    json["statuses"][std::to_string(i) + "xx"] = outcome.statuses[i];
  }
  json["bytes_sent"] = outcome.bytes_sent;
  json["bytes_received"] = outcome.bytes_received;
  json["body_bytes"] = outcome.body_bytes;
  json["connections_opened"] = outcome.connections_opened;
  const auto of = [&](Handshake kind) {
    return outcome.handshakes[static_cast<std::size_t>(kind)];
  };
  json["handshakes"] = {{"full", of(Handshake::Full)},
                        {"resumed", of(Handshake::Resumed)},
                        {"early", of(Handshake::Early)}};
  json["held"] = outcome.held;
  json["sent_again"] = outcome.sent_again;
  if (!outcome.problem.empty()) json["problem"] = outcome.problem;
  json["late_starts"] = outcome.late_starts;
  json["late_max_ns"] = outcome.late_max.count();
  if (round.server) json["server_cpu_us"] = round.server->cpu.count();
  if (!outcome.mismatches.empty()) {
    json["mismatches"] = Json::array();
    for (const Mismatch& mismatch : outcome.mismatches) {
      json["mismatches"].push_back(mismatch_json(mismatch));
    }
  }
  if (!outcome.timeline.empty()) json["timeline"] = timeline_json(outcome.timeline);
  return json;
}

}  // namespace

std::string to_json(const Report& report) {
  Json json;
  json["plan"] = plan_json(report.plan);
  json["targets"] = Json::array();
  for (const Measured& measured : report.targets) {
    Json target;
    target["url"] = measured.url;
    target["http"] = version_key(measured.http);
    target["median"] =
        metrics_json([&](const Metric& metric) { return median_of(metric, measured); });
    if (&measured != &report.targets.front()) {
      target["ratio_to_first"] = metrics_json([&](const Metric& metric) {
        return median_ratio(metric, measured, report.targets.front());
      });
    }
    target["rounds"] = Json::array();
    for (const Round& round : measured.rounds) target["rounds"].push_back(round_json(round));
    json["targets"].push_back(std::move(target));
  }
  // Text from files may be no UTF-8; JSON has to be.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pear::load
