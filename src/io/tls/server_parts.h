// ServerContexts::Parts: what the face of the module keeps to itself.
//
// Thread: any (immutable once loaded).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/base.h>
#include <openssl/ssl.h>

#include "io/tls/certificate_file.h"
#include "io/tls/client_policy.h"
#include "io/tls/server_contexts.h"

namespace pear::io::tls {

struct ServerContexts::Parts {
  std::vector<std::unique_ptr<const CertificateSet>> sets;
  std::vector<bssl::UniquePtr<SSL_CTX>> contexts;               // One for each set.
  std::map<std::string, std::size_t, std::less<>> set_of_name;  // Names and wildcards as they are.
  std::vector<ClientPolicy> policies;
  std::map<std::filesystem::path, Certificate> read;  // By chain: for load() after this one.
  std::shared_ptr<TicketKeys> tickets;
  std::shared_ptr<StrikeRegister> strikes;  // Null: no early data.
  bool http2 = true;

  [[nodiscard]] bool add(bssl::UniquePtr<SSL_CTX> context, Version version_min);
  void index_names(Findings& findings);
  [[nodiscard]] bool differ_from(const Parts& other) const;

  // Both of a canonical host, empty where the client asked for none.
  [[nodiscard]] std::size_t set_for(std::string_view host) const;
  [[nodiscard]] const ClientPolicy* policy_for(std::string_view host) const;

  // BoringSSL's callbacks.
  static ssl_select_cert_result_t on_client_hello(const SSL_CLIENT_HELLO* hello);
  static int on_alpn(SSL* ssl, const std::uint8_t** out, std::uint8_t* out_size,
                     const std::uint8_t* offered, unsigned offered_size, void* context);
  static int on_ticket(SSL* ssl, std::uint8_t* name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                       HMAC_CTX* hmac, int sealing);
};

}  // namespace pear::io::tls
