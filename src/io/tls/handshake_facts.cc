#include "io/tls/handshake_facts.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "io/tls/certificate_names.h"
#include "io/tls/session.h"

namespace pear::io::tls {

HandshakeFacts::HandshakeFacts(Workspace& of_core) : workspace(of_core) {}
HandshakeFacts::~HandshakeFacts() = default;

// QUIC's have no BIO: they carry their facts. Those of TCP share the BIO of their core.
HandshakeFacts& HandshakeFacts::of(const ssl_st* ssl) {
  const BIO* const bio = SSL_get_rbio(ssl);
  if (bio == nullptr) return *static_cast<HandshakeFacts*>(SSL_get_app_data(ssl));
  const auto& of_core = *static_cast<Workspace*>(BIO_get_data(const_cast<BIO*>(bio)));
  PEAR_ASSERT(of_core.session_ != nullptr, "BoringSSL calls back only within a call");
  return of_core.session_->facts_;
}

void HandshakeFacts::note_client(const ssl_st* ssl) {
  if (contexts == nullptr || policy == nullptr) return;
  const bssl::UniquePtr<X509> shown(SSL_get_peer_certificate(ssl));
  if (shown != nullptr) client_subject = std::make_unique<std::string>(subject_text(*shown));
}

std::string_view HandshakeFacts::client_subject_view() const {
  return client_subject == nullptr ? std::string_view() : std::string_view(*client_subject);
}

}  // namespace pear::io::tls
