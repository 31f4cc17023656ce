#include "load/workload.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
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

// Host and framing are the serialiser's.
Result<void> write_http1(const http1::RequestToWrite& request, std::string_view body,
                         PreparedRequest& prepared) {
  prepared.bytes.resize(kHeadBytesFirst);
  std::size_t size = PEAR_TRY(http1::write_request_head(request, prepared.bytes));
  if (size > prepared.bytes.size()) {
    prepared.bytes.resize(size);
    size = PEAR_TRY(http1::write_request_head(request, prepared.bytes));
  }
  prepared.bytes.resize(size);
  prepared.bytes.append(body);
  prepared.bytes.shrink_to_fit();
  return {};
}

// HTTP/2 and HTTP/3 have no fields about the connection (RFC 9113, section 8.2.2).
bool belongs_to_message(const http::Field& field) {
  std::string name(field.name);
  std::ranges::transform(name, name.begin(), http::to_lower);
  return !http::is_connection_specific({.name = name, .value = field.value});
}

// RFC 9113, section 8.3, and RFC 9114, section 4.3.
void write_fields(const Plan& plan, const http1::RequestToWrite& request, std::string_view body,
                  PreparedRequest& prepared) {
  const std::string length = std::to_string(request.content_length);
  std::vector<http::Field> fields{
      {.name = ":method", .value = request.method},
      {.name = ":scheme", .value = plan.target.scheme == Scheme::Https ? "https" : "http"},
      {.name = ":authority", .value = request.authority},
      {.name = ":path", .value = request.target}};
  std::ranges::copy_if(request.fields, std::back_inserter(fields), belongs_to_message);
  if (request.framing == http::Framing::Length) {
    fields.push_back({.name = "content-length", .value = length});
  }
  std::size_t bytes = 0;
  for (const auto& field : fields) bytes += field.name.size() + field.value.size();
  prepared.text.reserve(bytes);  // So that views of it stay.
  const auto kept = [&](std::string_view text) {
    const std::size_t at = prepared.text.size();
    prepared.text.insert(prepared.text.end(), text.begin(), text.end());
    return std::span(prepared.text).subspan(at);
  };
  for (const auto& field : fields) {
    const std::span<char> name = kept(field.name);
    std::ranges::transform(name, name.begin(), http::to_lower);
    const std::span<char> value = kept(field.value);
    prepared.fields.push_back(
        {.name = {name.data(), name.size()}, .value = {value.data(), value.size()}});
  }
  prepared.body = body;
}

// A body without a length would never end.
Result<PreparedRequest> write(const Plan& plan, http1::RequestToWrite request,
                              std::string_view body) {
  if (!body.empty() || wants_length(request.method)) {
    request.framing = http::Framing::Length;
    request.content_length = body.size();
  }
  PreparedRequest prepared;
  prepared.method = http::method_of(request.method);
  const HttpVersion version = version_of(plan);
  if (version == HttpVersion::Auto || version == HttpVersion::Http1) {
    PEAR_TRY(write_http1(request, body, prepared));
  }
  if (version != HttpVersion::Http1) write_fields(plan, request, body, prepared);
  return prepared;
}

Result<PreparedRequest> prepare_repeated(const Plan& plan) {
  http1::RequestToWrite request = common_part(plan);
  const std::vector<http::Field> fields = common_fields(plan);
  request.method = plan.method;
  request.target = plan.target.path;
  request.fields = fields;
  PreparedRequest prepared = PEAR_TRY(write(plan, request, plan.body));
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
  PreparedRequest prepared = PEAR_TRY(write(plan, request, {}));
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
