#include "http/http1/connection_fields.h"

#include "http/field_rules.h"

namespace pear::http1 {
namespace {

using http::Checked;
using http::equals_lower;
using http::Field;
using http::ListElements;
using http::refuse;

Checked<void> set_once(const Field** slot, const Field& field, StaticText refusal) {
  if (*slot != nullptr) return refuse(400, refusal);
  *slot = &field;
  return {};
}

Checked<void> read_connection(std::string_view value, ConnectionFields* found) {
  ListElements options(value);
  for (std::string_view option; options.next(&option);) {
    if (option.empty()) continue;
    if (!http::is_token(option)) return refuse(400, "Connection is not a list of tokens");
    if (equals_lower(option, "close")) {
      found->close = true;
    } else if (equals_lower(option, "keep-alive")) {
      found->keep_alive = true;
    } else if (++found->names > kConnectionNamesMax) {
      return refuse(400, "Connection names too many fields");
    }
  }
  return {};
}

void read_expect(std::string_view value, ConnectionFields* found) {
  if (equals_lower(value, "100-continue")) {
    found->expect_continue = true;
  } else {
    found->expect_other = true;
  }
}

// Most fields are none of these; their length tells that without a look at the name.
Checked<void> read_field(const Field& field, ConnectionFields* found) {
  const std::string_view name = field.name;
  switch (name.size()) {
    case 4:
      if (name == "host") return set_once(&found->host, field, "more than one Host");
      return {};
    case 6:
      if (name == "expect") read_expect(field.value, found);
      return {};
    case 7:
      if (name == "upgrade") found->upgrade = true;
      return {};
    case 10:
      if (name == "connection") return read_connection(field.value, found);
      return {};
    case 14:
      if (name == "content-length") {
        return set_once(&found->content_length, field, "more than one Content-Length");
      }
      return {};
    case 17:
      if (name == "transfer-encoding") {
        return set_once(&found->transfer_encoding, field, "more than one Transfer-Encoding");
      }
      return {};
    default:
      return {};
  }
}

}  // namespace

Checked<void> read_connection_fields(std::span<const Field> fields, ConnectionFields* found) {
  for (const Field& field : fields) PEAR_TRY(read_field(field, found));
  return {};
}

Checked<void> check_transfer_encoding(std::string_view value) {
  if (equals_lower(value, "chunked")) return {};
  bool unknown = false;
  bool chunked = false;
  ListElements codings(value);
  for (std::string_view coding; codings.next(&coding);) {
    if (chunked) return refuse(400, "chunked is not the last transfer coding");
    if (!http::is_token(coding)) return refuse(400, "malformed Transfer-Encoding");
    chunked = equals_lower(coding, "chunked");
    unknown = unknown || !chunked;
  }
  return unknown ? refuse(501, "transfer coding that is not implemented")
                 : refuse(400, "malformed Transfer-Encoding");
}

}  // namespace pear::http1
