// fill_request: the request part of an exchange, from a checked head, whatever the protocol.
//
// Thread: core-local.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/exchange.h"
#include "data/protocol/provenance.h"
#include "data/protocol/shared.h"
#include "data/protocol/trace_context.h"
#include "http/field_rules.h"
#include "http/request_head.h"
#include "io/socket_address.h"
#include "io/tls/handshake_facts.h"

namespace pear::data::protocol {

// Who asks, and by what.
struct Origin {
  const Shared& shared;
  const io::tls::HandshakeFacts* tls = nullptr;  // Null: without TLS.
  const io::SocketAddress& peer;
  bool early = false;  // In early data: it may be a copy of an earlier request.
};

// The subject of the client's certificate, as only this server may say it.
inline constexpr std::string_view kClientSubject = "client-cert-subject";
// That it came in early data (RFC 8470, section 5.1).
inline constexpr std::string_view kEarlyData = "early-data";

// Who asks, for limits, the log and sticky cages.
void fill_client(Exchange& exchange, const net::IpAddress& client);

// The path in its normal form, and the query behind it as it came. `path_with_query` lies in the
// exchange's arena; its first `path_bytes` are the path. False: the arena has no room.
[[nodiscard]] bool fill_path(Exchange& exchange, std::string_view path_with_query,
                             std::size_t path_bytes);

// Of a request that is refused: what it says of its client is not looked at.
inline void fill_origin(Exchange& exchange, const Origin& origin) {
  fill_client(exchange, origin.peer.ip_address());
}

// `own(view)` gives the same bytes in the exchange's arena. False when the arena has no room for
// the fields.
template <typename Own>
[[nodiscard]] bool fill_request(Exchange& exchange, const http::RequestHead& head,
                                const Origin& origin, const Own& own) {
  Provenance provenance(head.fields, origin.peer.ip_address(), origin.shared.settings,
                        origin.shared.trusted_proxies);
  fill_client(exchange, provenance.client());
  const auto fields =
      exchange.arena.make_array<http::Field>(head.fields.size() + Provenance::kFieldsMax + 2);
  if (!fields) return false;
  Request& request = exchange.request;
  request.method = own(head.method_text);
  // As the connection is, whatever the client says: rules of sites depend on it.
  request.by_tls = origin.tls != nullptr;
  request.scheme = provenance.scheme(request.by_tls ? "https" : "http");
  request.authority = own(head.authority);
  request.host = own(head.host);
  if (!fill_path(exchange, own(head.path_with_query), head.path.size())) return false;
  request.early = origin.early;
  std::size_t count = 0;
  for (const http::Field& field : head.fields) {
    // Who says so may only restrict itself (RFC 8470, section 5.1).
    if (field.name == kEarlyData && field.value == "1") request.early = true;
    if (field.name == "host" || field.name == "expect" || provenance.hides(field) ||
        (head.names_fields && http::is_named_by_connection(head.fields, field.name))) {
      continue;
    }
    (*fields)[count] = {.name = own(field.name), .value = own(field.value)};
    if (field.name == "traceparent" && is_traceparent(field.value)) {
      request.traceparent = (*fields)[count].value;
    }
    ++count;
  }
  if (request.early) (*fields)[count++] = {.name = kEarlyData, .value = "1"};
  if (origin.tls != nullptr && origin.tls->client_subject != nullptr) {
    const auto subject = exchange.arena.copy(*origin.tls->client_subject);
    if (!subject) return false;
    (*fields)[count++] = {.name = kClientSubject, .value = *subject};
  }
  const auto added = provenance.added(head.fields, exchange.client, request.scheme, exchange.arena);
  if (added.size() != Provenance::kFieldsMax) return false;
  for (const http::Field& field : added) (*fields)[count++] = field;
  request.fields = fields->first(count);
  return true;
}

// Whether the certificate that the client was shown, and what it showed itself, are enough for
// `host`. Else 421.
[[nodiscard]] inline bool is_directed_here(const Origin& origin, std::string_view host) {
  if (origin.tls == nullptr || host.empty()) return true;
  return origin.shared.contexts->covers(*origin.tls, host);
}

}  // namespace pear::data::protocol
