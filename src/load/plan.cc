#include "load/plan.h"

#include <string_view>

#include <fmt/format.h>

#include "http/field_rules.h"

namespace pear::load {
namespace {

using std::chrono::milliseconds;

// False for what is no number.
bool is_within(double value, double least, double most) {
  return value >= least && value <= most;
}

void check_request(const Plan& plan, std::vector<std::string>* problems) {
  if (!http::is_token(plan.method) || plan.method == "CONNECT") {
    problems->push_back(fmt::format("method '{}' cannot be sent", plan.method));
  }
  if (plan.body.size() > Plan::kBodyMax.count) {
    problems->emplace_back("the body is larger than 64 MiB");
  }
  if (plan.headers.size() > Plan::kHeadersMax) {
    problems->push_back(fmt::format("at most {} headers can be given", Plan::kHeadersMax));
  }
  for (const auto& [name, value] : plan.headers) {
    const auto is_named = [&](std::string_view lower) { return http::equals_lower(name, lower); };
    if (!http::is_token(name) || !http::is_field_value(value)) {
      problems->push_back(fmt::format("header '{}' has a byte that cannot be sent", name));
    } else if (is_named("content-length") || is_named("transfer-encoding") ||
               is_named("connection")) {
      problems->push_back(fmt::format("header '{}' is set by the load generator itself", name));
    }
  }
}

void check_protocol(const Plan& plan, std::vector<std::string>* problems) {
  const bool secure = plan.target.scheme == Scheme::Https;
  const Resumption resumption = plan.tls.resumption;
  if (plan.http == HttpVersion::Http3 && !secure) {
    problems->emplace_back("HTTP/3 needs an https URL");
  }
  if (plan.streams && (*plan.streams < 1 || *plan.streams > Plan::kStreamsMax)) {
    problems->push_back(fmt::format("streams must be from 1 to {}", Plan::kStreamsMax));
  }
  if (plan.streams && *plan.streams > 1 && version_of(plan) == HttpVersion::Http1) {
    problems->emplace_back("HTTP/1.1 has one request on a connection at a time: streams must be 1");
  }
  if (resumption != Resumption::Never && !secure) {
    problems->emplace_back("resumption needs an https URL");
  }
  if (resumption != Resumption::Never && plan.connection_use == ConnectionUse::KeepAlive) {
    problems->emplace_back("resumption needs new connections for the requests");
  }
  if (resumption == Resumption::EarlyData && plan.http != HttpVersion::Http3) {
    problems->emplace_back("early data needs HTTP/3");
  }
  // RFC 8470: what is sent twice must do no harm.
  if (resumption == Resumption::EarlyData && plan.method != "GET" && plan.method != "HEAD") {
    problems->emplace_back("early data is for GET and HEAD");
  }
}

void check_pace(const Plan& plan, std::vector<std::string>* problems) {
  if (plan.rate_per_s && !is_within(*plan.rate_per_s, Plan::kRateMin, Plan::kRateMax)) {
    problems->push_back(fmt::format("rate must be from {} to {} per second", Plan::kRateMin,
                                    static_cast<std::uint64_t>(Plan::kRateMax)));
  }
  if (plan.replay_speed && !is_within(*plan.replay_speed, 0.001, 1'000'000)) {
    problems->emplace_back("speed must be from 0.001 to 1000000");
  }
  if (plan.replay_speed && plan.replay.empty()) {
    problems->emplace_back("speed belongs to a replay: give its log, or a rate instead");
  }
  if (plan.replay_speed && plan.rate_per_s) {
    problems->emplace_back("speed and rate exclude each other");
  }
  if (!plan.replay.empty() && plan.warm_up > milliseconds::zero()) {
    problems->emplace_back("a replay has no warm-up: each of its requests is sent once");
  }
}

void check_bounds(const Plan& plan, std::vector<std::string>* problems) {
  if (plan.threads < 1 || plan.threads > Plan::kThreadsMax) {
    problems->push_back(fmt::format("threads must be from 1 to {}", Plan::kThreadsMax));
  }
  if (plan.connections < 1 || plan.connections > Plan::kConnectionsMax) {
    problems->push_back(fmt::format("connections must be from 1 to {}", Plan::kConnectionsMax));
  }
  if (plan.connections < plan.threads) {
    problems->push_back(fmt::format("connections ({}) must be at least threads ({})",
                                    plan.connections, plan.threads));
  }
  if (plan.bound.duration <= milliseconds::zero() || plan.bound.duration > Bound::kDurationMax) {
    problems->emplace_back("duration must be above 0 and at most 6 hours");
  }
  if (plan.bound.requests &&
      (*plan.bound.requests < 1 || *plan.bound.requests > Bound::kRequestsMax)) {
    problems->push_back(fmt::format("requests must be from 1 to {}", Bound::kRequestsMax));
  }
  if (plan.warm_up < milliseconds::zero() || plan.warm_up > milliseconds(600'000)) {
    problems->emplace_back("warm-up must be from 0 to 10 minutes");
  }
  if (plan.timeout <= milliseconds::zero() || plan.timeout > milliseconds(600'000)) {
    problems->emplace_back("timeout must be above 0 and at most 10 minutes");
  }
  if (plan.timeline && plan.bound.duration > Plan::kTimelineMax) {
    problems->emplace_back("a timeline is kept for at most 1 hour");
  }
}

void check_hold(const Plan& plan, std::vector<std::string>* problems) {
  if (!plan.hold) return;
  if (*plan.hold <= milliseconds::zero() || *plan.hold > Plan::kHoldMax) {
    problems->emplace_back("hold must be above 0 and at most 1 hour");
  }
  const bool has_pace = plan.rate_per_s || plan.replay_speed || !plan.replay.empty() ||
                        plan.bound.requests || plan.timeline || plan.warm_up > milliseconds::zero();
  if (has_pace || plan.connection_use == ConnectionUse::NewForEach) {
    problems->emplace_back(
        "connections that are held are asked once each: there is no rate, log, warm-up, timeline, "
        "number of requests or new connection");
  }
}

}  // namespace

std::vector<std::string> problems_in(const Plan& plan) {
  std::vector<std::string> problems;
  check_request(plan, &problems);
  check_protocol(plan, &problems);
  check_pace(plan, &problems);
  check_bounds(plan, &problems);
  check_hold(plan, &problems);
  return problems;
}

HttpVersion version_of(const Plan& plan) {
  const bool plain = plan.target.scheme == Scheme::Http;
  return plan.http == HttpVersion::Auto && plain ? HttpVersion::Http1 : plan.http;
}

std::uint32_t streams_of(const Plan& plan) {
  if (plan.connection_use == ConnectionUse::NewForEach) return 1;
  if (version_of(plan) == HttpVersion::Http1 || plan.hold) return 1;
  return plan.streams.value_or(Plan::kStreamsOfMultiplexed);
}

}  // namespace pear::load
