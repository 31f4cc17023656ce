#include "load/workload.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/http1/request_serialiser.h"

namespace pear::load {
namespace {

// A head is the target, what the plan adds, and a few fields; this holds almost all of them at
// once.
constexpr std::size_t kHeadBytesFirst = 2048;

bool wants_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

http1::RequestToWrite common_part(const Plan& plan) {
  http1::RequestToWrite request;
  request.authority = plan.target.authority;
  for (const auto& [name, value] : plan.headers) {
    // The one field that the serialiser takes on its own: to reach one of several sites.
    if (http::equals_lower(name, "host")) request.authority = value;
  }
  if (plan.connection_use == ConnectionUse::NewForEach) {
    request.persistence = http1::Persistence::Close;
  }
  return request;
}

std::vector<http::Field> common_fields(const Plan& plan) {
  std::vector<http::Field> fields;
  for (const auto& [name, value] : plan.headers) {
    if (!http::equals_lower(name, "host")) fields.push_back({.name = name, .value = value});
  }
  return fields;
}

bool has_field(std::span<const http::Field> fields, std::string_view lower_name) {
  return std::ranges::any_of(
      fields, [&](const http::Field& field) { return http::equals_lower(field.name, lower_name); });
}

// Host and framing are the serialiser's; a body without a length would never end.
Result<PreparedRequest> write(http1::RequestToWrite request, std::string_view body) {
  if (!body.empty() || wants_length(request.method)) {
    request.framing = http::Framing::Length;
    request.content_length = body.size();
  }
  PreparedRequest prepared;
  prepared.method = http::method_of(request.method);
  prepared.bytes.resize(kHeadBytesFirst);
  std::size_t size = PEAR_TRY(http1::write_request_head(request, prepared.bytes));
  if (size > prepared.bytes.size()) {
    prepared.bytes.resize(size);
    size = PEAR_TRY(http1::write_request_head(request, prepared.bytes));
  }
  prepared.bytes.resize(size);
  prepared.bytes.append(body);
  prepared.bytes.shrink_to_fit();
  return prepared;
}

Result<PreparedRequest> prepare_repeated(const Plan& plan) {
  http1::RequestToWrite request = common_part(plan);
  const std::vector<http::Field> fields = common_fields(plan);
  request.method = plan.method;
  request.target = plan.target.path;
  request.fields = fields;
  PreparedRequest prepared = PEAR_TRY(write(request, plan.body));
  prepared.expect = plan.expect;
  return prepared;
}

// The log's own user agent and referrer are sent, unless the plan sets them.
Result<PreparedRequest> prepare_entry(const Plan& plan, const ReplayEntry& entry) {
  http1::RequestToWrite request = common_part(plan);
  std::vector<http::Field> fields = common_fields(plan);
  if (!entry.user_agent.empty() && !has_field(fields, "user-agent")) {
    fields.push_back({.name = "user-agent", .value = entry.user_agent});
  }
  if (!entry.referrer.empty() && !has_field(fields, "referer")) {
    fields.push_back({.name = "referer", .value = entry.referrer});
  }
  request.method = entry.method;
  request.target = entry.target;
  request.fields = fields;
  PreparedRequest prepared = PEAR_TRY(write(request, {}));
  prepared.line = entry.line;
  prepared.expect = entry.expect;
  // What the plan expects of every answer holds where the log says nothing.
  if (!prepared.expect.status) prepared.expect.status = plan.expect.status;
  if (!prepared.expect.body) prepared.expect.body = plan.expect.body;
  return prepared;
}

}  // namespace

Result<Workload> Workload::make(const Plan& plan) {
  Workload workload;
  if (plan.replay.empty()) {
    workload.requests_.push_back(PEAR_TRY(prepare_repeated(plan)));
    return workload;
  }
  workload.kind_ = Kind::List;
  workload.requests_.reserve(plan.replay.size());
  for (const ReplayEntry& entry : plan.replay) {
    workload.requests_.push_back(PEAR_TRY(prepare_entry(plan, entry)));
  }
  return workload;
}

std::optional<std::uint64_t> Workload::size() const {
  if (kind_ == Kind::Repeated) return std::nullopt;
  return requests_.size();
}

const PreparedRequest& Workload::at(std::uint64_t index) const {
  if (kind_ == Kind::Repeated) return requests_.front();
  PEAR_ASSERT(index < requests_.size(), "the list of requests has ended");
  return requests_[index];
}

bool Workload::wants_digests() const {
  return std::ranges::any_of(
      requests_, [](const PreparedRequest& request) { return request.expect.body.has_value(); });
}

}  // namespace pear::load
