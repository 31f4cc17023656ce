#include "io/tls/certificate_maker.h"

#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "io/tls/certificate_names.h"

namespace pear::io::tls {
namespace {

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// 127 random bits: positive, and not to be guessed.
bool set_serial(X509& certificate) {
  std::array<std::uint8_t, 16> bytes{};
  RAND_bytes(bytes.data(), bytes.size());
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x3F) | 0x40);
  const bssl::UniquePtr<BIGNUM> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)) != nullptr;
}

bool set_subject(X509& certificate, std::string_view common_name) {
  constexpr std::size_t kCommonNameMax = 64;  // RFC 5280, appendix A.1.
  common_name = common_name.substr(0, kCommonNameMax);
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const std::uint8_t*>(common_name.data()),
                                    static_cast<ossl_ssize_t>(common_name.size()), -1, 0) == 1;
}

bool add(X509& certificate, X509V3_CTX& context, int kind, const std::string& value) {
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

void append(std::string& list, std::string_view kind, std::string_view value) {
  if (!list.empty()) list += ',';
  list += kind;
  list += value;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    const std::string host = canonical_host(name);
    if (!is_address(host)) {
      append(list, "DNS:", name);
    } else {
      append(list, "IP:", host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
    }
  }
  return list;
}

bool add_extensions(X509& certificate, X509V3_CTX& context, const CertificateOrder& order) {
  const bool authority = order.role == CertificateRole::Authority;
  bool whole = add(certificate, context, NID_basic_constraints,
                   authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
               add(certificate, context, NID_key_usage,
                   authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
               add(certificate, context, NID_subject_key_identifier, "hash") &&
               add(certificate, context, NID_authority_key_identifier, "keyid");
  if (!authority) {
    whole = whole && add(certificate, context, NID_ext_key_usage,
                         order.role == CertificateRole::Server ? "serverAuth" : "clientAuth");
  }
  if (!order.names.empty()) {
    whole =
        whole && add(certificate, context, NID_subject_alt_name, alternative_names(order.names));
  }
  std::string permitted;
  for (const std::string& domain : order.permitted_domains) {
    append(permitted, "permitted;DNS:", domain);
  }
  for (const std::string& network : order.permitted_networks) {
    append(permitted, "permitted;IP:", network);
  }
  if (!permitted.empty()) {
    whole = whole && add(certificate, context, NID_name_constraints, permitted);
  }
  return whole;
}

std::string text_of(BIO* bio) {
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (BIO_mem_contents(bio, &bytes, &size) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

bssl::UniquePtr<EVP_PKEY> make_p256_key() {
  const bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (ec == nullptr || key == nullptr || EC_KEY_generate_key(ec.get()) != 1 ||
      EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) != 1) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<EVP_PKEY> make_rsa_key(int bits) {
  const bssl::UniquePtr<RSA> rsa(RSA_new());
  const bssl::UniquePtr<BIGNUM> exponent(BN_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  if (rsa == nullptr || exponent == nullptr || key == nullptr ||
      BN_set_word(exponent.get(), RSA_F4) != 1 ||
      RSA_generate_key_ex(rsa.get(), bits, exponent.get(), nullptr) != 1 ||
      EVP_PKEY_set1_RSA(key.get(), rsa.get()) != 1) {
    return nullptr;
  }
  return key;
}

bssl::UniquePtr<X509> make_certificate(const CertificateOrder& order, EVP_PKEY& key,
                                       const Issuer& issuer) {
  bssl::UniquePtr<X509> certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  X509& made = *certificate;
  const bool signs_itself = issuer.certificate == nullptr;
  if (X509_set_version(&made, X509_VERSION_3) != 1 || !set_serial(made) ||
      !set_subject(made, order.common_name) || X509_set_pubkey(&made, &key) != 1 ||
      ASN1_TIME_set_posix(X509_getm_notBefore(&made), seconds_of(order.begins)) == nullptr ||
      ASN1_TIME_set_posix(X509_getm_notAfter(&made), seconds_of(order.ends)) == nullptr ||
      X509_set_issuer_name(&made,
                           X509_get_subject_name(signs_itself ? &made : issuer.certificate)) != 1) {
    return nullptr;
  }
  X509V3_CTX context;
  X509V3_set_ctx(&context, signs_itself ? &made : issuer.certificate, &made, nullptr, nullptr, 0);
  if (!add_extensions(made, context, order)) return nullptr;
  if (X509_sign(&made, signs_itself ? &key : issuer.key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

std::string pem_of(X509& certificate) {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), &certificate) != 1) return {};
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY& key) {
  const bssl::UniquePtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return {};
  }
  return text_of(bio.get());
}

}  // namespace pear::io::tls
