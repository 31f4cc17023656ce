#include "io/tls/quic_session.h"

#include <utility>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/server_contexts.h"

namespace pear::io::tls {

QuicSession::QuicSession(Key, Workspace& workspace) : facts_(workspace) {
  facts_.quic = true;
}

QuicSession::~QuicSession() {
  if (!released_) SSL_free(ssl_);
}

std::unique_ptr<QuicSession> QuicSession::accept(std::shared_ptr<const ServerContexts> contexts,
                                                 Workspace& workspace) {
  auto session = std::make_unique<QuicSession>(Key(), workspace);
  session->ssl_ = contexts->open_ssl();
  SSL* const ssl = session->ssl_;
  if (ssl == nullptr || SSL_set_app_data(ssl, &session->facts_) != 1) return nullptr;
  session->facts_.contexts = std::move(contexts);
  SSL_set_shed_handshake_config(ssl, 1);
  X509_VERIFY_PARAM_set_time_posix(
      SSL_get0_param(ssl),
      std::chrono::floor<std::chrono::seconds>(workspace.now_).time_since_epoch().count());
  // Tickets say whether they may come with early data: whether it is taken is decided when they do.
  SSL_set_early_data_enabled(ssl, session->facts_.contexts->takes_early_data() ? 1 : 0);
  return session;
}

ssl_st* QuicSession::release() {
  released_ = true;
  return ssl_;
}

void QuicSession::bind_early_data(std::span<const std::uint8_t> limits) {
  SSL_set_quic_early_data_context(ssl_, limits.data(), limits.size());
}

}  // namespace pear::io::tls
