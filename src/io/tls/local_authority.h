// LocalAuthority: certificates for https://localhost on a developer's machine.
//
// Once made, the authority stays (10 years), so that browsers are told to trust it once. Of names,
// its constraints allow it only localhost and those below. (Addresses are not constrained:
// BoringSSL refuses every chain whose authority has such constraints.) The certificate of the
// server is renewed by itself. Files, in a folder that only its owner may enter:
//
//   authority.pem  authority_key.pem   the authority
//   localhost.pem  localhost_key.pem   for localhost, *.localhost, 127.0.0.1, ::1, and each host
//   given
//
// Hosts are given by name because browsers and OpenSSL do not let *.localhost stand for any.
//
// Source: RFC 5280, section 4.2.1.10 (name constraints); 397 days: what browsers accept.
// Thread: any that may wait for a disk. Processes take turns by a lock on the folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/tls/server_contexts.h"

namespace pear::io::tls {

class LocalAuthority {
 public:
  static constexpr std::chrono::days kAuthorityLife{3652};
  static constexpr std::chrono::days kCertificateLife{397};
  // With less than this left, the certificate is renewed.
  static constexpr std::chrono::days kRenewBefore{30};

  struct Order {
    std::filesystem::path folder;
    std::string owner;  // "ada@laptop": part of the authority's name.
    std::vector<std::string>
        hosts;  // "shop.localhost"; what is not below localhost is passed over.
  };
  struct Ready {
    CertificateFiles certificate;       // For ContextOptions.
    std::filesystem::path authority;    // PEM: what browsers are told to trust.
    std::vector<std::string> problems;  // Sentences. The files are there exactly when it is empty.
    bool authority_is_new = false;      // Made by this call: nobody trusts it yet.
  };

  // Makes what is missing or runs out.
  [[nodiscard]] static Ready prepare(const Order& order, WallTime now);
};

}  // namespace pear::io::tls
