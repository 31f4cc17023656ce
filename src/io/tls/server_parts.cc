// What a handshake asks of the contexts: ServerContexts::Parts.
#include "io/tls/server_parts.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include "io/tls/certificate_names.h"
#include "io/tls/client_policy.h"
#include "io/tls/strike_register.h"
#include "io/tls/ticket_keys.h"

namespace pear::io::tls {
namespace {

constexpr std::string_view kHttp3 = "h3";
constexpr std::string_view kHttp2 = "h2";
constexpr std::string_view kHttp11 = "http/1.1";

// Whether `list`, as ALPN has it on the wire, offers `protocol`.
bool offers(std::span<const std::uint8_t> list, std::string_view protocol) {
  while (!list.empty()) {
    const std::size_t size = list[0];
    if (size + 1 > list.size()) return false;
    if (std::ranges::equal(list.subspan(1, size), protocol, [](std::uint8_t left, char right) {
          return left == static_cast<std::uint8_t>(right);
        })) {
      return true;
    }
    list = list.subspan(size + 1);
  }
  return false;
}

// What a ticket must have been made for to be good for a handshake: the same names, and the same
// demands on the client.
std::array<std::uint8_t, SHA256_DIGEST_LENGTH> ticket_scope(const CertificateSet& set,
                                                            const ClientPolicy* policy) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  for (const std::string& name : set.names()) {
    SHA256_Update(&hash, name.c_str(), name.size() + 1);
  }
  if (policy != nullptr && policy->check != ClientCheck::Off) {
    SHA256_Update(&hash, &policy->check, sizeof(policy->check));
    SHA256_Update(&hash, policy->digest.data(), policy->digest.size());
  }
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &hash);
  return digest;
}

bool ask_for_certificate(SSL* ssl, const ClientPolicy& policy) {
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> list(sk_CRYPTO_BUFFER_new_null());
  if (list == nullptr) return false;
  for (const auto& name : policy.authority_names) {
    if (!bssl::PushToStack(list.get(), bssl::UpRef(name))) return false;
  }
  SSL_set0_client_CAs(ssl, list.release());
  const int mode = policy.check == ClientCheck::Require
                       ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                       : SSL_VERIFY_PEER;
  SSL_set_verify(ssl, mode, nullptr);
  return SSL_set1_verify_cert_store(ssl, policy.authorities.get()) == 1;
}

}  // namespace

bool CertificateSet::stands_for(std::string_view host) const {
  const auto covers = [this](std::string_view wanted) {
    return std::ranges::any_of(names_,
                               [&](const std::string& name) { return name_covers(name, wanted); });
  };
  // As it is, nearly always: each request may ask.
  return covers(host) || covers(canonical_host(host));
}

// ---- What handshakes ask.

std::size_t ServerContexts::Parts::set_for(std::string_view host) const {
  if (const auto exact = set_of_name.find(host); exact != set_of_name.end()) return exact->second;
  const std::size_t dot = host.find('.');
  if (dot != std::string_view::npos && dot > 0 && !is_address(host)) {
    const std::string wildcard = '*' + std::string(host.substr(dot));
    if (const auto found = set_of_name.find(wildcard); found != set_of_name.end()) {
      return found->second;
    }
  }
  return 0;
}

// The rule that names the host most exactly. Null: none.
const ClientPolicy* ServerContexts::Parts::policy_for(std::string_view host) const {
  const ClientPolicy* by_wildcard = nullptr;
  const ClientPolicy* for_all = nullptr;
  for (const ClientPolicy& policy : policies) {
    if (policy.hosts.empty() && for_all == nullptr) for_all = &policy;
    for (const std::string& name : policy.hosts) {
      if (!name_covers(name, host)) continue;
      if (!is_wildcard(name)) return &policy;
      if (by_wildcard == nullptr) by_wildcard = &policy;
    }
  }
  return by_wildcard != nullptr ? by_wildcard : for_all;
}

ssl_select_cert_result_t ServerContexts::Parts::on_client_hello(const SSL_CLIENT_HELLO* hello) {
  SSL* const ssl = hello->ssl;
  HandshakeFacts& facts = HandshakeFacts::of(ssl);
  const Parts& parts = *facts.contexts->parts_;
  if (parts.sets.empty()) return ssl_select_cert_error;
  const char* const asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  std::size_t size = 0;
  const std::uint8_t* bytes = nullptr;
  facts.offers_early_data =
      SSL_early_callback_ctx_extension_get(hello, TLSEXT_TYPE_early_data, &bytes, &size) == 1;
  facts.server_name = asked == nullptr ? std::string() : canonical_host(asked);
  const std::size_t index = parts.set_for(facts.server_name);
  const ClientPolicy* const policy = parts.policy_for(facts.server_name);
  facts.certificates = parts.sets[index].get();
  facts.policy = policy != nullptr && policy->check != ClientCheck::Off ? policy : nullptr;

  if (SSL_set_SSL_CTX(ssl, parts.contexts[index].get()) == nullptr) return ssl_select_cert_error;
  const auto scope = ticket_scope(*facts.certificates, facts.policy);
  if (SSL_set_session_id_context(ssl, scope.data(), scope.size()) != 1) {
    return ssl_select_cert_error;
  }
  if (facts.policy != nullptr && !ask_for_certificate(ssl, *facts.policy)) {
    return ssl_select_cert_error;
  }
  return ssl_select_cert_success;
}

// NOLINTBEGIN(readability-function-size): BoringSSL decides what its callbacks take.
int ServerContexts::Parts::on_alpn(SSL* ssl, const std::uint8_t** out, std::uint8_t* out_size,
                                   const std::uint8_t* offered, unsigned offered_size, void*) {
  const HandshakeFacts& facts = HandshakeFacts::of(ssl);
  const Parts& parts = *facts.contexts->parts_;
  const std::span<const std::uint8_t> list(offered, offered_size);
  std::string_view chosen;
  if (facts.quic) {
    if (offers(list, kHttp3)) chosen = kHttp3;
  } else {
    if (offers(list, kHttp11)) chosen = kHttp11;
    if (parts.http2 && offers(list, kHttp2)) chosen = kHttp2;
  }
  if (chosen.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = reinterpret_cast<const std::uint8_t*>(chosen.data());
  *out_size = static_cast<std::uint8_t>(chosen.size());
  return SSL_TLSEXT_ERR_OK;
}

// Seals (1) or opens (0) a ticket. 0: no ticket, or a key that nobody has; 2: renew it.
int ServerContexts::Parts::on_ticket(SSL* ssl, std::uint8_t* name, std::uint8_t* iv,
                                     EVP_CIPHER_CTX* cipher, HMAC_CTX* hmac, int sealing) {
  const HandshakeFacts& facts = HandshakeFacts::of(ssl);
  const Parts& parts = *facts.contexts->parts_;
  TicketKeys& keys = *parts.tickets;
  const WallTime now = facts.workspace.now_;
  int outcome = 1;
  TicketKeys::Key key;
  if (sealing == 1) {
    const auto current = keys.current(now);
    if (!current) return 0;
    key = *current;
    std::ranges::copy(key.name, name);
    RAND_bytes(iv, EVP_CIPHER_iv_length(EVP_aes_256_cbc()));
  } else {
    const auto found = keys.find(std::span<const std::uint8_t, 16>(name, 16), now);
    if (!found) return 0;
    key = found->key;
    if (!found->is_current) outcome = 2;
    if (facts.quic && facts.offers_early_data) {
      // The initialisation vector is random: it stands for the ticket.
      const bool fresh = parts.strikes != nullptr &&
                         parts.strikes->strike(std::span<const std::uint8_t, 16>(iv, 16), now);
      SSL_set_early_data_enabled(ssl, fresh ? 1 : 0);
    }
  }
  const bool ready = HMAC_Init_ex(hmac, key.authentication.data(), key.authentication.size(),
                                  EVP_sha256(), nullptr) == 1 &&
                     EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.encryption.data(),
                                       iv, sealing) == 1;
  OPENSSL_cleanse(&key, sizeof(key));
  return ready ? outcome : -1;
}
// NOLINTEND(readability-function-size)

}  // namespace pear::io::tls
