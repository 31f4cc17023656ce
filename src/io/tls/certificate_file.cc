#include "io/tls/certificate_file.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "io/tls/certificate_names.h"
#include "io/tls/ocsp_response.h"
#include "io/unique_fd.h"

namespace pear::io::tls {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr std::chrono::days kWarnBefore{14};

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

std::string date_of(WallTime time) {
  return fmt::format("{:%Y-%m-%d}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::system_clock::duration>(time))));
}

// Why a key cannot be used, or its kind.
std::expected<std::pair<KeyKind, std::string>, std::string> kind_of(const EVP_PKEY& key) {
  const int bits = EVP_PKEY_bits(&key);
  switch (EVP_PKEY_id(&key)) {
    case EVP_PKEY_RSA:
      if (bits < kRsaBitsMin) {
        return std::unexpected(fmt::format(
            "is an RSA key of {} bits, which clients refuse: use 2048 or ECDSA P-256", bits));
      }
      return std::pair(KeyKind::Rsa, fmt::format("RSA {}", bits));
    case EVP_PKEY_ED25519:
      return std::pair(KeyKind::Ed25519, std::string("Ed25519"));
    case EVP_PKEY_EC: {
      const int curve = EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(&key)));
      if (curve == NID_X9_62_prime256v1) return std::pair(KeyKind::Ecdsa, "ECDSA P-256");
      if (curve == NID_secp384r1) return std::pair(KeyKind::Ecdsa, "ECDSA P-384");
      return std::unexpected("is on a curve that clients refuse: use ECDSA P-256");
    }
    default:
      return std::unexpected("is of a kind that clients refuse: use ECDSA P-256 or RSA 2048");
  }
}

bssl::UniquePtr<EVP_PKEY> read_key(const std::filesystem::path& file, Findings& findings) {
  const auto text = read_file(file);
  if (!text) {
    findings.refuse(file, fmt::format("the key cannot be read: {}.", text.error()));
    return nullptr;
  }
  if (text->contains("ENCRYPTED")) {
    findings.refuse(file,
                    "the key is encrypted; store it without a password, readable by Pear "
                    "alone (`openssl pkey -in … -out …`).");
    return nullptr;
  }
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(text->data(), static_cast<ossl_ssize_t>(text->size())));
  // The callback, so that no password is asked for at a terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    findings.refuse(file, "holds no private key in PEM (-----BEGIN PRIVATE KEY-----).");
    return nullptr;
  }
  struct stat status{};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 077U) != 0) {
    findings.warn(file,
                  fmt::format("other users may read the key (mode {:03o}); run `chmod 600 {}`.",
                              status.st_mode & 0777U, file.native()));
  }
  return key;
}

bool check_key(const Certificate& certificate, const std::filesystem::path& key_file,
               Findings& findings) {
  std::size_t fits = 0;
  while (fits < certificate.chain.size() &&
         X509_check_private_key(certificate.chain[fits].get(), certificate.key.get()) != 1) {
    ++fits;
  }
  ERR_clear_error();
  if (fits == 0) return true;
  if (fits < certificate.chain.size()) {
    findings.refuse(
        certificate.file,
        fmt::format(
            "the chain is in the wrong order: the key is that of certificate {}, which must come "
            "first.",
            fits + 1));
  } else {
    findings.refuse(
        key_file,
        fmt::format("the key does not fit the certificate in {}; give the key that it was "
                    "made with.",
                    certificate.file.native()));
  }
  return false;
}

// Each certificate is signed by the next one.
bool check_chain(const Certificate& certificate, Findings& findings) {
  for (std::size_t i = 0; i + 1 < certificate.chain.size(); ++i) {
    X509* const subject = certificate.chain[i].get();
    X509* const issuer = certificate.chain[i + 1].get();
    const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(issuer));
    if (X509_check_issued(issuer, subject) == X509_V_OK && key != nullptr &&
        X509_verify(subject, key.get()) == 1) {
      continue;
    }
    ERR_clear_error();
    findings.refuse(
        certificate.file,
        fmt::format(
            "the chain is in the wrong order: certificate {} is not signed by the one behind it. "
            "The server's own comes first, then each one's issuer.",
            i + 1));
    return false;
  }
  return true;
}

void check_times(const Certificate& certificate, WallTime now, Findings& findings) {
  const WallTime begins = time_of(X509_get0_notBefore(certificate.chain.front().get()));
  if (begins > now) {
    findings.warn(certificate.file,
                  fmt::format("the certificate is valid only from {} on; is the clock right?",
                              date_of(begins)));
  }
  warn_of_expiry(certificate.file, certificate.expires, now, findings);
}

void read_staple(const std::filesystem::path& file, WallTime now, Certificate& certificate,
                 Findings& findings) {
  const auto bytes = read_file(file);
  if (!bytes) {
    findings.refuse(file, fmt::format("the OCSP response cannot be read: {}.", bytes.error()));
    return;
  }
  const auto response = read_ocsp_response(*bytes, *certificate.chain.front());
  if (!response) {
    findings.refuse(file, fmt::format("{}.", response.error()));
    return;
  }
  if (response->next_update && *response->next_update <= now) {
    findings.warn(
        file,
        fmt::format("the OCSP response is out of date since {} and is not sent; fetch a new one.",
                    date_of(*response->next_update)));
    return;
  }
  certificate.staple.reset(CRYPTO_BUFFER_new(reinterpret_cast<const std::uint8_t*>(bytes->data()),
                                             bytes->size(), nullptr));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.is_open()) return std::unexpected(reason_of(errno));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(reason_of(errno));
  if (!S_ISREG(status.st_mode)) return std::unexpected("it is not a regular file");
  std::string text;
  std::array<char, 16'384> block{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(reason_of(errno));
    if (count == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > kPemBytesMax) return std::unexpected("it is larger than 1 MiB");
  }
}

std::vector<bssl::UniquePtr<X509>> read_certificates(const std::filesystem::path& file,
                                                     Findings& findings) {
  std::vector<bssl::UniquePtr<X509>> certificates;
  const auto text = read_file(file);
  if (!text) {
    findings.refuse(file, fmt::format("the certificate cannot be read: {}.", text.error()));
    return certificates;
  }
  const bssl::UniquePtr<BIO> bio(
      BIO_new_mem_buf(text->data(), static_cast<ossl_ssize_t>(text->size())));
  char* name = nullptr;
  char* header = nullptr;
  std::uint8_t* bytes = nullptr;
  long size = 0;
  while (PEM_read_bio(bio.get(), &name, &header, &bytes, &size) == 1) {
    const bssl::UniquePtr<char> owned_name(name);
    const bssl::UniquePtr<char> owned_header(header);
    const bssl::UniquePtr<std::uint8_t> owned_bytes(bytes);
    if (std::string_view(name) != "CERTIFICATE") continue;
    const std::uint8_t* cursor = bytes;
    bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &cursor, size));
    if (certificate == nullptr || cursor != bytes + size) {
      ERR_clear_error();
      findings.refuse(file, fmt::format("certificate {} is damaged.", certificates.size() + 1));
      return {};
    }
    certificates.push_back(std::move(certificate));
  }
  const std::uint32_t error = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    findings.refuse(file,
                    fmt::format("the PEM of certificate {} is damaged.", certificates.size() + 1));
    return {};
  }
  if (certificates.empty()) {
    findings.refuse(file, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----).");
  }
  return certificates;
}

void Findings::refuse(const std::filesystem::path& file, std::string_view what) {
  problems.push_back({.file = file, .text = fmt::format("{}: {}", file.native(), what)});
}

void Findings::warn(const std::filesystem::path& file, std::string_view what) {
  warnings.push_back({.file = file, .text = fmt::format("{}: {}", file.native(), what)});
}

void warn_of_expiry(const std::filesystem::path& file, WallTime expires, WallTime now,
                    Findings& findings) {
  if (expires > now + kWarnBefore) return;
  findings.warn(file, fmt::format("the certificate {} on {}; renew it.",
                                  expires <= now ? "expired" : "expires", date_of(expires)));
}

WallTime time_of(const ASN1_TIME* time) {
  std::int64_t seconds = 0;
  if (ASN1_TIME_to_posix(time, &seconds) != 1) return {};
  // The year 9999, which means never, is beyond what nanoseconds hold.
  constexpr std::int64_t kLast = 9'000'000'000;
  return WallTime(std::chrono::seconds(std::min(seconds, kLast)));
}

std::optional<Certificate> read_certificate(const CertificateFiles& files, CertificateUse use,
                                            WallTime now, Findings& findings) {
  const std::size_t problems_before = findings.problems.size();
  Certificate certificate{.file = files.chain};
  certificate.chain = read_certificates(files.chain, findings);
  certificate.key = read_key(files.key, findings);
  if (certificate.chain.empty() || certificate.key == nullptr) return std::nullopt;

  const X509& own = *certificate.chain.front();
  if (!check_key(certificate, files.key, findings)) return std::nullopt;
  auto kind = kind_of(*certificate.key);
  if (kind) {
    certificate.kind = kind->first;
    certificate.key_kind = std::move(kind->second);
  } else {
    findings.refuse(files.key, fmt::format("the key {}.", kind.error()));
  }
  if (problems_before == findings.problems.size()) check_chain(certificate, findings);
  certificate.expires = time_of(X509_get0_notAfter(&own));
  check_times(certificate, now, findings);
  if (use == CertificateUse::Server) {
    certificate.names = names_of(own);
    if (certificate.names.empty()) {
      findings.refuse(
          files.chain,
          "the certificate names no host (subjectAltName); have it issued with its DNS names "
          "or addresses.");
    }
  }
  if (!files.ocsp.empty()) read_staple(files.ocsp, now, certificate, findings);
  if (problems_before != findings.problems.size()) return std::nullopt;
  return certificate;
}

// All that BoringSSL has but for SHA-1, which clients of TLS 1.2 may ask for.
constexpr auto kSignatures = std::to_array<std::uint16_t>({
    SSL_SIGN_ECDSA_SECP256R1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384,
    SSL_SIGN_ECDSA_SECP521R1_SHA512,
    SSL_SIGN_ED25519,
    SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,
    SSL_SIGN_RSA_PSS_RSAE_SHA512,
    SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA512,
});

bssl::UniquePtr<SSL_CREDENTIAL> credential_of(const Certificate& certificate) {
  bssl::UniquePtr<SSL_CREDENTIAL> credential(SSL_CREDENTIAL_new_x509());
  if (credential == nullptr) return nullptr;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> chain;
  for (const auto& each : certificate.chain) {
    std::uint8_t* der = nullptr;
    const int size = i2d_X509(each.get(), &der);
    if (size <= 0) return nullptr;
    const bssl::UniquePtr<std::uint8_t> owned_der(der);
    owned.emplace_back(CRYPTO_BUFFER_new(der, static_cast<std::size_t>(size), nullptr));
    chain.push_back(owned.back().get());
  }
  if (SSL_CREDENTIAL_set1_cert_chain(credential.get(), chain.data(), chain.size()) != 1 ||
      SSL_CREDENTIAL_set1_private_key(credential.get(), certificate.key.get()) != 1) {
    return nullptr;
  }
  if (SSL_CREDENTIAL_set1_signing_algorithm_prefs(credential.get(), kSignatures.data(),
                                                  kSignatures.size()) != 1) {
    return nullptr;
  }
  if (certificate.staple != nullptr &&
      SSL_CREDENTIAL_set1_ocsp_response(credential.get(), certificate.staple.get()) != 1) {
    return nullptr;
  }
  return credential;
}

Certificate copy_of(const Certificate& certificate) {
  Certificate copy{.file = certificate.file,
                   .key = bssl::UpRef(certificate.key),
                   .staple = bssl::UpRef(certificate.staple),
                   .names = certificate.names,
                   .kind = certificate.kind,
                   .key_kind = certificate.key_kind,
                   .expires = certificate.expires};
  for (const auto& link : certificate.chain) copy.chain.push_back(bssl::UpRef(link));
  return copy;
}

}  // namespace pear::io::tls
