#include "io/tls/failure_reason.h"

#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/client_context.h"

namespace pear::io::tls {
namespace {

struct Wording {
  int reason;
  std::string_view text;
};

constexpr std::string_view kNothingInCommon =
    "the peer found nothing in common, or has no certificate";

// Those that operators meet; the others keep BoringSSL's names.
constexpr auto kWordings = std::to_array<Wording>({
    {SSL_R_HTTP_REQUEST, kSpokePlainHttp},
    {SSL_R_HTTPS_PROXY_REQUEST, "the client spoke plain HTTP, as to a proxy"},
    {SSL_R_NO_APPLICATION_PROTOCOL, "no protocol of the client's ALPN is spoken here"},
    {SSL_R_CONNECTION_REJECTED, "there is no certificate to show"},
    {SSL_R_NO_SHARED_CIPHER, "no cipher suite in common"},
    {SSL_R_NO_SHARED_GROUP, "no key exchange group in common"},
    {SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, "no signature algorithm in common"},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "the client showed no certificate"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "no TLS version in common"},
    {SSL_R_WRONG_VERSION_NUMBER, "what came is not TLS"},
    {SSL_R_NO_RENEGOTIATION, "the peer asked for renegotiation"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the peer does not trust the certificate's issuer"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the peer refused the certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "the peer refused the certificate"},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "the peer says that the certificate has expired"},
    {SSL_R_TLSV1_ALERT_CERTIFICATE_REQUIRED, "the peer asks for a certificate"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, kNothingInCommon},
    {SSL_R_HANDSHAKE_FAILURE_ON_CLIENT_HELLO, kNothingInCommon},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "the peer found no TLS version in common"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "the peer speaks no protocol of the ALPN"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a record does not decrypt"},
});

// Empty: none is better than BoringSSL's.
std::string_view wording_of(int reason) {
  for (const Wording& wording : kWordings) {
    if (wording.reason == reason) return wording.text;
  }
  return {};
}

std::string_view text_or_nameless(const char* name) {
  return name == nullptr ? std::string_view("an error without a name") : std::string_view(name);
}

}  // namespace

std::string_view failure_reason(const ssl_st* ssl) {
  const std::uint32_t error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return kPeerClosed;
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    const int reason = ERR_GET_REASON(error);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      const long result = SSL_get_verify_result(ssl);
      if (result != X509_V_OK) return X509_verify_cert_error_string(result);
    }
    if (const std::string_view text = wording_of(reason); !text.empty()) return text;
  }
  return text_or_nameless(ERR_reason_error_string(error));
}

std::string_view alert_reason(const ssl_st* ssl, std::uint8_t alert, AlertOf side) {
  if (side == AlertOf::Us) {
    const long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK) return X509_verify_cert_error_string(result);
    return text_or_nameless(SSL_alert_desc_string_long(alert));
  }
  const int reason = SSL_AD_REASON_OFFSET + alert;
  if (const std::string_view text = wording_of(reason); !text.empty()) return text;
  return text_or_nameless(ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, reason)));
}

}  // namespace pear::io::tls
