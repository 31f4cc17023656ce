// Property: how the network cuts the input, and where the buffer lies, must not change what the
// parser makes of it. And: what it accepts consists of views into the input that obey the rules.
//
// The first two bytes choose the limits and the cuts; the rest is the input. It is parsed whole,
// and again in pieces, each in a buffer of its own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "http/field_rules.h"
#include "http/http1/request_parser.h"

namespace {

using pear::http::Field;
using pear::http::HeadLimits;
using pear::http::RequestHead;
using pear::http1::Progress;
using pear::http1::RequestParser;

struct Outcome {
  Progress progress = Progress::NeedMore;
  int status = 0;
  std::string_view reason;
  std::size_t consumed = 0;
  std::string head;  // All that the head says, as text.

  bool operator==(const Outcome&) const = default;
};

std::string text_of(const RequestHead& head) {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += part;
    text += '\n';
  };
  for (const std::string_view part : {head.method_text, head.target, head.scheme, head.authority,
                                      head.host, head.path, head.path_with_query, head.query}) {
    add(part);
  }
  for (const Field& field : head.fields) {
    add(field.name);
    add(field.value);
  }
  add(std::to_string(head.port.value_or(0)));
  add(std::to_string(head.content_length));
  add(std::to_string(static_cast<int>(head.framing)) +
      std::to_string(static_cast<int>(head.version)) +
      std::to_string(static_cast<int>(head.method)) +
      std::to_string(static_cast<int>(head.target_form)));
  add(std::to_string(head.keep_alive) + std::to_string(head.expect_continue) +
      std::to_string(head.upgrade_asked) + std::to_string(head.has_query));
  return text;
}

void check_head(const RequestHead& head) {
  for (const Field& field : head.fields) {
    PEAR_ASSERT(pear::http::is_lower_token(field.name), "name that is no token in lower case");
    PEAR_ASSERT(pear::http::is_field_value(field.value), "value that is none");
  }
  PEAR_ASSERT(pear::http::is_token(head.method_text), "method that is no token");
  PEAR_ASSERT(head.path.empty() || head.path == "*" || head.path[0] == '/', "path without a slash");
  PEAR_ASSERT(head.path_with_query.starts_with(head.path), "path and query disagree");
  PEAR_ASSERT(head.authority.starts_with(head.host), "authority and host disagree");
}

Outcome outcome_of(const RequestParser& parser, Progress progress) {
  Outcome outcome{.progress = progress};
  if (progress == Progress::Refused) {
    outcome.status = parser.refusal().status;
    outcome.reason = parser.refusal().reason.view();
  }
  if (progress == Progress::Done) {
    check_head(parser.head());
    outcome.consumed = parser.consumed();
    outcome.head = text_of(parser.head());
  }
  return outcome;
}

Outcome parse_whole(std::string_view input, const HeadLimits& limits) {
  RequestParser parser(limits);
  std::string text(input);
  std::vector<Field> storage(100);
  return outcome_of(parser, parser.parse(text, storage));
}

Outcome parse_in_pieces(std::string_view input, const HeadLimits& limits, std::size_t step) {
  RequestParser parser(limits);
  std::vector<Field> storage(100);
  std::string text;
  for (std::size_t size = 0; size < input.size(); size += step) {
    // A new allocation each time; what the parser wrote into the old one is kept, as a server
    // would.
    std::string longer = text;
    longer.append(input.substr(text.size(), size - text.size()));
    text = std::move(longer);
    const Progress progress = parser.parse(text, storage);
    if (progress != Progress::NeedMore) return outcome_of(parser, progress);
  }
  text.append(input.substr(text.size()));
  return outcome_of(parser, parser.parse(text, storage));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  HeadLimits limits;
  if ((data[0] & 1U) != 0) limits.request_line_max = 16;
  if ((data[0] & 2U) != 0) limits.header_max = 64;
  if ((data[0] & 4U) != 0) limits.fields_max = 2;

  const Outcome whole = parse_whole(input, limits);
  const Outcome pieces = parse_in_pieces(input, limits, data[1] % 37U + 1);

  PEAR_ASSERT(whole == pieces, "the outcome depends on where the input was cut");
  PEAR_ASSERT(whole.consumed <= input.size(), "consumed bytes that were never given");
  return 0;
}
