// Request field rules: whose word each field of a request is, as one table for every version of
// HTTP.
//
// A guest believes what stands in its request's fields. So what tells who a client is, by which
// address, name or certificate, must come from the edge alone, however the client spells it: a
// guest that reads fields as environment variables (CGI, WSGI and their kin) sees HTTP_X_REAL_IP
// for x-real-ip and for x_real_ip, some for x.real.ip. Names are therefore compared with every byte
// that is no letter and no digit taken as '-', and a name that is one of the table only by that is
// nobody's word.
//
// Source: RFC 9110, sections 7.6.1 (Connection), 11.7 (proxy authentication); RFC 9440
//         (Client-Cert); RFC 8470, section 5.1 (Early-Data); RFC 7239 (Forwarded). The names
//         without a standard are those that widespread proxies and services write.
// Thread: any (pure). No allocation.
#pragma once

#include <cstdint>
#include <string_view>

namespace pear::http {

enum class RequestFieldRule : std::uint8_t {
  Anybody,     // The client's word, handed on as it came.
  Connection,  // About this connection or for the next proxy: never handed on.
  Edge,        // Pear's own word: removed from every request, then written where it is true.
  Proxy,       // The word of proxies: handed on where a trusted one brought the request.
};

// `lower_name` is a token in lower case. TE is Connection, although "trailers" may be handed on.
[[nodiscard]] RequestFieldRule request_field_rule(std::string_view lower_name);

}  // namespace pear::http
