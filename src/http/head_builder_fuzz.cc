// Property: what HeadBuilder accepts keeps the rules, as a second, slow reading has them.
//
// The input is a list of fields: the length of the name, the length of the value, and both.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "http/authority.h"
#include "http/head_builder.h"

namespace {

using pear::http::Field;
using pear::http::HeadBuilder;

constexpr pear::http::HeadLimits kLimits{
    .request_line_max = 64, .header_max = 512, .fields_max = 8};

void check_field(const Field& field) {
  PEAR_ASSERT(!field.name.empty(), "a field without a name");
  for (const char c : field.name) {
    const bool letter = c >= 'a' && c <= 'z';
    const bool digit = c >= '0' && c <= '9';
    PEAR_ASSERT(letter || digit || std::string_view("!#$%&'*+-.^_`|~").contains(c),
                "a name that is no token in lower case");
  }
  for (const char c : field.value) {
    PEAR_ASSERT(c == '\t' || static_cast<unsigned char>(c) >= 0x20, "a control in a value");
    PEAR_ASSERT(c != 0x7f, "DEL in a value");
  }
  for (const char* const name : {"connection", "keep-alive", "upgrade", "transfer-encoding"}) {
    PEAR_ASSERT(field.name != name, "a field about the connection");
  }
}

void add_all(HeadBuilder& builder, std::string_view input) {
  while (input.size() >= 2) {
    const std::size_t name_bytes = static_cast<unsigned char>(input[0]);
    const std::size_t value_bytes = static_cast<unsigned char>(input[1]);
    input.remove_prefix(2);
    const std::string_view name = input.substr(0, name_bytes);
    input.remove_prefix(name.size());
    const std::string_view value = input.substr(0, value_bytes);
    input.remove_prefix(value.size());
    builder.add(name, value);
  }
}

void check_head(const pear::http::RequestHead& head, HeadBuilder::Body body) {
  std::size_t bytes = 0;
  std::size_t cookies = 0;
  for (const Field& field : head.fields) {
    check_field(field);
    bytes += field.name.size() + field.value.size();
    if (field.name == "cookie") ++cookies;
  }
  PEAR_ASSERT(cookies <= 1, "cookies are one field");
  PEAR_ASSERT(bytes <= kLimits.header_max && head.fields.size() <= kLimits.fields_max, "limits");
  PEAR_ASSERT(!head.method_text.empty() && head.method_text != "CONNECT", "method");
  PEAR_ASSERT(head.scheme == "http" || head.scheme == "https", "scheme");
  PEAR_ASSERT(head.path_with_query == "*" || head.path.starts_with('/'), "path");
  PEAR_ASSERT(head.path_with_query.size() <= kLimits.request_line_max, "path");
  const auto authority = pear::http::parse_authority(head.authority);
  PEAR_ASSERT(authority.has_value() && authority->host == head.host, "authority");
  PEAR_ASSERT(std::ranges::none_of(head.authority, [](char c) { return c >= 'A' && c <= 'Z'; }),
              "the authority is in lower case");
  if (body == HeadBuilder::Body::None) {
    PEAR_ASSERT(head.framing == pear::http::Framing::None && !head.expect_continue, "framing");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HeadBuilder builder(kLimits);
  for (const auto body : {HeadBuilder::Body::None, HeadBuilder::Body::Follows}) {
    builder.begin_head();
    add_all(builder, input);
    const auto head = builder.finish(pear::http::Version::Http2, body);
    PEAR_ASSERT(head.has_value() == (builder.fault() == HeadBuilder::Fault::None), "fault()");
    if (head) check_head(**head, body);
  }
  builder.begin_trailers();
  add_all(builder, input);
  if (const auto trailers = builder.finish_trailers()) {
    for (const Field& field : *trailers) {
      check_field(field);
      PEAR_ASSERT(field.name != "host" && field.name != "content-length", "trailers");
    }
  }
  return 0;
}
