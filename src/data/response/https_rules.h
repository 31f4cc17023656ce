// HttpsRules: what a site asks of browsers about TLS: to come back with it, and to stay with it.
//
// Source: RFC 9110, section 15.4.9 (308); RFC 6797 (Strict-Transport-Security); RFC 7838 (Alt-Svc).
// Thread: core-local.
#pragma once

#include <cstdint>

#include "data/exchange.h"

namespace pear::data::response {

// Whether the request is to be answered with the same address under https: where the site says so,
// and where it demands certificates of its clients, which only TLS can show.
[[nodiscard]] bool wants_redirect(const Exchange& exchange);
// Whether the site demands certificates of its clients, and the request came without TLS of our own
// though a trusted proxy says https: whoever ended that TLS has kept the certificate to itself.
[[nodiscard]] bool lacks_certificate(const Exchange& exchange);
// Makes that answer, whole. `https_port`: where https is served.
void answer_redirect(Exchange& exchange, std::uint16_t https_port);

// Whether the request came in early data and must not run there: it may be a copy of an earlier one
// (RFC 8470, section 5.2). Else 425.
[[nodiscard]] bool came_too_early(const Exchange& exchange);

// Adds Strict-Transport-Security to a response that has its fields, where the site says so, the
// request came by TLS, and its host is a name other than localhost.
void add_transport_security(Exchange& exchange);

// Adds Alt-Svc to a response of HTTP/1.1 or HTTP/2 by TLS: that HTTP/3 is served at `port`, unless
// the guest says something of its own (RFC 7838; RFC 9114, section 3.1.1).
void add_alternative_service(Exchange& exchange, std::uint16_t port);

}  // namespace pear::data::response
