// certificate_maker: makes keys and certificates, for the local authority and for tests.
//
// Source: RFC 5280, section 4.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <openssl/base.h>

#include "base/time.h"

namespace pear::io::tls {

enum class CertificateRole : std::uint8_t { Authority, Server, Client };

struct CertificateOrder {
  std::string common_name;
  CertificateRole role = CertificateRole::Server;
  // DNS names and addresses, trusted: they are not checked here.
  std::vector<std::string> names;
  WallTime begins{};
  WallTime ends{};
  // Of an authority: hosts below these and networks ("127.0.0.0/255.0.0.0") alone; empty: any.
  std::vector<std::string> permitted_domains;
  std::vector<std::string> permitted_networks;
};

// Who signs; null twice: the certificate signs itself.
struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

// All null without memory.
[[nodiscard]] bssl::UniquePtr<EVP_PKEY> make_p256_key();
[[nodiscard]] bssl::UniquePtr<EVP_PKEY> make_rsa_key(int bits);
[[nodiscard]] bssl::UniquePtr<X509> make_certificate(const CertificateOrder& order, EVP_PKEY& key,
                                                     const Issuer& issuer);

[[nodiscard]] std::string pem_of(X509& certificate);
[[nodiscard]] std::string pem_of(EVP_PKEY& key);

}  // namespace pear::io::tls
