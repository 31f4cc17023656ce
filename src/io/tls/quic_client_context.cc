#include "io/tls/quic_client_context.h"

#include <array>
#include <cstdint>
#include <string>

#include <openssl/ssl.h>

#include "base/assert.h"
#include "io/tls/certificate_names.h"

namespace pear::io::tls {

QuicClientContext::QuicClientContext() : context_(SSL_CTX_new(TLS_client_method())) {
  PEAR_ASSERT(context_ != nullptr, "out of memory");
  static constexpr std::array<std::uint8_t, 3> kHttp3{2, 'h', '3'};
  const int refused = SSL_CTX_set_alpn_protos(context_, kHttp3.data(), kHttp3.size());
  PEAR_ASSERT(refused == 0, "BoringSSL takes the name of HTTP/3");
}

QuicClientContext::~QuicClientContext() {
  SSL_CTX_free(context_);
}

ssl_st* QuicClientContext::open(std::string_view server_name) const {
  SSL* const ssl = SSL_new(context_);
  if (ssl == nullptr || server_name.empty() || is_address(server_name)) return ssl;
  SSL_set_tlsext_host_name(ssl, std::string(server_name).c_str());
  return ssl;
}

}  // namespace pear::io::tls
