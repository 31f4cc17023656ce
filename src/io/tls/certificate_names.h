// Names: which hosts a certificate stands for, and how hosts are compared.
//
// Source: RFC 9525, section 6.3 (a wildcard is a whole leftmost label and stands for exactly one
//         label; never for an address); RFC 5280, section 4.2.1.6 (subjectAltName).
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <openssl/base.h>

namespace pear::io::tls {

// As hosts are compared: lower case, no dot at the end, addresses as the system writes them, IPv6
// in brackets. "LOCALHOST." is "localhost", "::1" and "[0:0::1]" are "[::1]".
[[nodiscard]] std::string canonical_host(std::string_view host);
[[nodiscard]] bool is_address(std::string_view canonical_host);

// "*.example.com": what can stand before a first dot. Other places of a star mean nothing.
[[nodiscard]] bool is_wildcard(std::string_view name);
// Whether a canonical name is made of what hosts are made of; wildcards are.
[[nodiscard]] bool can_stand_for_a_host(std::string_view name);
// Both canonical. `name` may be a wildcard.
[[nodiscard]] bool name_covers(std::string_view name, std::string_view host);

// Of the subjectAltName: DNS names and addresses, canonical, sorted, each once. Names that cannot
// stand for a host (bytes that no host has, a star inside) are left out. The common name is not
// read.
[[nodiscard]] std::vector<std::string> names_of(const X509& certificate);

// The subject as RFC 4514 writes it, in printable ASCII: the rest is escaped.
[[nodiscard]] std::string subject_text(const X509& certificate);

}  // namespace pear::io::tls
