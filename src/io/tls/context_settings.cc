// What the contexts of both sides have in common: Session::configure.
#include <array>
#include <chrono>

#include <openssl/bytestring.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include "io/tls/certificate_compression.h"
#include "io/tls/session.h"
#include "io/tls/ticket_keys.h"

namespace pear::io::tls {
namespace {

// Of TLS 1.2 only what has forward secrecy and an AEAD. In brackets: of equal worth, the client's
// order decides (a phone without AES instructions prefers ChaCha20). Those of TLS 1.3 are fixed.
constexpr const char* kCipherSuites =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

constexpr auto kGroups = std::to_array<std::uint16_t>({
    SSL_GROUP_X25519_MLKEM768,
    SSL_GROUP_X25519,
    SSL_GROUP_SECP256R1,
    SSL_GROUP_SECP384R1,
});

constexpr std::uint16_t number_of(Version version) {
  return version == Version::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

int unpack(SSL*, CRYPTO_BUFFER** out, std::size_t unpacked_bytes, const std::uint8_t* in,
           std::size_t in_bytes) {
  *out = unpack_certificate({in, in_bytes}, unpacked_bytes).release();
  return *out != nullptr ? 1 : 0;
}

}  // namespace

int Session::compress_certificate(ssl_st* ssl, cbb_st* out, const std::uint8_t* in,
                                  std::size_t in_bytes) {
  const auto packed = HandshakeFacts::of(ssl).workspace.compressed_->compressed({in, in_bytes});
  return !packed.empty() && CBB_add_bytes(out, packed.data(), packed.size()) == 1 ? 1 : 0;
}

bool Session::configure(ssl_ctx_st& context, Version version_min, Version version_max,
                        CertificateCompression compression) {
  const auto lifetime_s = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::seconds>(TicketKeys::kAcceptFor).count());
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(&context, lifetime_s);
  SSL_CTX_set_session_psk_dhe_timeout(&context, lifetime_s);
  SSL_CTX_set_mode(&context, SSL_MODE_NO_AUTO_CHAIN);
  return SSL_CTX_set_min_proto_version(&context, number_of(version_min)) == 1 &&
         SSL_CTX_set_max_proto_version(&context, number_of(version_max)) == 1 &&
         SSL_CTX_set_strict_cipher_list(&context, kCipherSuites) == 1 &&
         SSL_CTX_set1_group_ids(&context, kGroups.data(), kGroups.size()) == 1 &&
         (compression == CertificateCompression::Refuse ||
          SSL_CTX_add_cert_compression_alg(&context, TLSEXT_cert_compression_zlib,
                                           &compress_certificate, &unpack) == 1);
}

}  // namespace pear::io::tls
