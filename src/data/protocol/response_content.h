// content_of: what the response of an exchange says of its content, for every protocol.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <optional>

#include "data/exchange.h"
#include "http/field_rules.h"
#include "http/method.h"
#include "http/status.h"

namespace pear::data::protocol {

[[nodiscard]] inline http::ResponseContent content_of(const Exchange& exchange) {
  const Response& response = exchange.response;
  std::optional<std::uint64_t> said;
  if (const http::Field* const field = http::find_field(response.fields, "content-length")) {
    if (const auto length = http::parse_content_length(field->value)) said = *length;
  }
  std::optional<std::uint64_t> complete;
  if (response.ended && response.trailers.empty()) complete = response.body.bytes();
  return http::content_of(response.status, http::method_of(exchange.request.method), said,
                          complete);
}

}  // namespace pear::data::protocol
