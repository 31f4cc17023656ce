// fill_request: the request part of an exchange, from a checked head, whatever the protocol.
//
// Thread: core-local.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "data/exchange.h"
#include "data/protocol/shared.h"
#include "data/protocol/trace_context.h"
#include "http/field_rules.h"
#include "http/request_head.h"
#include "io/socket_address.h"
#include "io/tls/byte_stream.h"

namespace pear::data::protocol {

// Who asks, and by what.
struct Origin {
  const Shared& shared;
  const io::tls::ByteStream& stream;
  const io::SocketAddress& peer;
};

// The subject of the client's certificate, as only this server may say it.
inline constexpr std::string_view kClientSubject = "client-cert-subject";

inline void fill_origin(Exchange& exchange, const Origin& origin) {
  const auto ip = origin.peer.ip();
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), ip.data(), sizeof halves);
  exchange.client_hash = halves[0] ^ halves[1];
  if (origin.shared.settings.log.access) {
    exchange.client = exchange.arena.copy(origin.peer.host()).value_or("");
  }
}

// `own(view)` gives the same bytes in the exchange's arena. False when the arena has no room for
// the fields.
template <typename Own>
[[nodiscard]] bool fill_request(Exchange& exchange, const http::RequestHead& head,
                                const Origin& origin, Own&& own) {
  fill_origin(exchange, origin);
  const auto fields = exchange.arena.make_array<http::Field>(head.fields.size() + 1);
  if (!fields) return false;
  const io::tls::Session* const session = origin.stream.session();
  Request& request = exchange.request;
  request.method = own(head.method_text);
  // As the connection is, whatever the client says: rules of sites depend on it.
  request.scheme = session != nullptr ? "https" : "http";
  request.authority = own(head.authority);
  request.host = own(head.host);
  request.path_with_query = own(head.path_with_query);
  request.path = own(head.path);
  std::size_t count = 0;
  for (const http::Field& field : head.fields) {
    if (field.name == "host" || field.name == "expect" || field.name == kClientSubject ||
        http::is_connection_specific(field)) {
      continue;
    }
    (*fields)[count] = {.name = own(field.name), .value = own(field.value)};
    if (field.name == "traceparent" && is_traceparent(field.value)) {
      request.traceparent = (*fields)[count].value;
    }
    ++count;
  }
  if (session != nullptr && !session->client_subject().empty()) {
    const auto subject = exchange.arena.copy(session->client_subject());
    if (!subject) return false;
    (*fields)[count++] = {.name = kClientSubject, .value = *subject};
  }
  request.fields = fields->first(count);
  return true;
}

// Whether the certificate that the client was shown, and what it showed itself, are enough for
// `host`. Else 421.
[[nodiscard]] inline bool is_directed_here(const Origin& origin, std::string_view host) {
  const io::tls::Session* const session = origin.stream.session();
  if (session == nullptr || host.empty()) return true;
  return origin.shared.contexts->covers(session->facts(), host);
}

}  // namespace pear::data::protocol
