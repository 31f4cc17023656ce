// Certificate files: PEM and DER as operators have them, read and checked before they are used.
//
// Source: RFC 7468 (PEM), RFC 5280, section 6 (chains).
// Thread: any that may wait for a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/base.h>

#include "base/time.h"
#include "io/tls/server_contexts.h"

namespace pear::io::tls {

// What is found while files are read.
struct Findings {
  std::vector<Finding> problems;
  std::vector<Finding> warnings;

  // `what`: a sentence that follows the file's name.
  void refuse(const std::filesystem::path& file, std::string_view what);
  void warn(const std::filesystem::path& file, std::string_view what);
};

inline constexpr std::size_t kPemBytesMax = 1UL << 20;

// All of a regular file of at most kPemBytesMax. The error says why not, as the end of a sentence.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::filesystem::path& file);

// The certificates of a PEM file in their order; other blocks are passed over. Empty, with a
// problem, when there is none or one is damaged.
[[nodiscard]] std::vector<bssl::UniquePtr<X509>> read_certificates(
    const std::filesystem::path& file, Findings& findings);

// What a client prefers comes first.
enum class KeyKind : std::uint8_t { Ecdsa, Ed25519, Rsa };

struct Certificate {
  std::filesystem::path file;
  std::vector<bssl::UniquePtr<X509>> chain;  // Its own first.
  bssl::UniquePtr<EVP_PKEY> key;
  bssl::UniquePtr<CRYPTO_BUFFER> staple;  // Null: none.
  std::vector<std::string> names;         // Canonical, sorted. Empty in those of clients.
  KeyKind kind{};
  std::string key_kind;
  WallTime expires{};
};

// Shares the chain, the key and the staple; they do not change.
[[nodiscard]] Certificate copy_of(const Certificate& certificate);

enum class CertificateUse : std::uint8_t { Server, Client };

// None exactly when it added a problem.
[[nodiscard]] std::optional<Certificate> read_certificate(const CertificateFiles& files,
                                                          CertificateUse use, WallTime now,
                                                          Findings& findings);

// When it expires within 14 days or has expired.
void warn_of_expiry(const std::filesystem::path& file, WallTime expires, WallTime now,
                    Findings& findings);

[[nodiscard]] WallTime time_of(const ASN1_TIME* time);

// For SSL_CTX_add1_credential; null without memory.
[[nodiscard]] bssl::UniquePtr<SSL_CREDENTIAL> credential_of(const Certificate& certificate);

}  // namespace pear::io::tls
