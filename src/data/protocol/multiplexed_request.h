// prepare_request: a request of HTTP/2 or HTTP/3 becomes an exchange.
//
// Thread: core-local.
#pragma once

#include <optional>
#include <string_view>

#include "data/exchange.h"
#include "data/protocol/fill_request.h"
#include "data/response/error_response.h"
#include "http/request_head.h"

namespace pear::data::protocol {

enum class RequestBody : std::uint8_t { None, Follows };

// Why it is refused, if it is.
[[nodiscard]] inline std::optional<response::Cause> prepare_request(Exchange& exchange,
                                                                    const http::RequestHead& head,
                                                                    RequestBody body,
                                                                    const Origin& origin) {
  exchange.request.has_body = body == RequestBody::Follows;
  exchange.request_ended = body == RequestBody::None;
  bool fits = true;
  const auto own = [&](std::string_view view) {
    const auto copy = exchange.arena.copy(view);
    fits = fits && copy.has_value();
    return copy.value_or(std::string_view());
  };
  fits = fill_request(exchange, head, origin, own) && fits;
  if (!fits) return response::Cause::HeadTooLarge;
  if (!is_directed_here(origin, exchange.request.host)) return response::Cause::Misdirected;
  if (head.framing == http::Framing::Length &&
      head.content_length > origin.shared.settings.http.body_max.count) {
    return response::Cause::BodyTooLarge;
  }
  return {};
}

}  // namespace pear::data::protocol
