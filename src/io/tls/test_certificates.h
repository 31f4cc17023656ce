// TestCertificates: certificates in files, made when a test needs them. For tests and benchmarks.
//
// Owner: of its folder, which is gone when the test ends.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include <openssl/base.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "base/temporary_folder.h"
#include "base/time.h"
#include "io/tls/certificate_maker.h"
#include "io/tls/server_contexts.h"

namespace pear::io::tls {

inline constexpr WallTime kTestNow{std::chrono::seconds(1'800'000'000)};  // January 2027.

class TestCertificates {
 public:
  enum class Key { P256, Rsa2048, Rsa1024 };
  struct Order {
    std::string file = "server";
    std::vector<std::string> names = {"example.com"};
    Key key = Key::P256;
    CertificateRole role = CertificateRole::Server;
    std::chrono::days begins{-10};  // From now on.
    std::chrono::days ends{90};
    std::string common_name = "test";
  };

  explicit TestCertificates(std::string_view name = "authority") : name_(name) {
    authority_key_ = make_p256_key();
    const CertificateOrder order{.common_name = "Test " + name_,
                                 .role = CertificateRole::Authority,
                                 .begins = kTestNow - std::chrono::days(1000),
                                 .ends = kTestNow + std::chrono::days(1000)};
    authority_ = make_certificate(order, *authority_key_, {});
    PEAR_ASSERT(authority_ != nullptr, "tests need certificates");
    folder_.write("authority.pem", pem_of(*authority_));
  }

  [[nodiscard]] CertificateFiles make(const Order& order) const {
    const auto key = order.key == Key::P256      ? make_p256_key()
                     : order.key == Key::Rsa2048 ? make_rsa_key(2048)
                                                 : make_rsa_key(1024);
    const CertificateOrder wanted{.common_name = order.common_name,
                                  .role = order.role,
                                  .names = order.names,
                                  .begins = kTestNow + order.begins,
                                  .ends = kTestNow + order.ends};
    const auto certificate = make_certificate(
        wanted, *key, {.certificate = authority_.get(), .key = authority_key_.get()});
    PEAR_ASSERT(certificate != nullptr, "tests need certificates");
    CertificateFiles files{
        .chain = folder_.write(order.file + ".pem", pem_of(*certificate) + pem_of(*authority_)),
        .key = folder_.write(order.file + ".key", pem_of(*key)),
        .ocsp = {}};
    PEAR_ASSERT(::chmod(files.key.c_str(), 0600) == 0, "the file is ours");
    return files;
  }

  [[nodiscard]] CertificateFiles client(std::string_view common_name,
                                        std::chrono::days ends = std::chrono::days(90)) const {
    return make({.file = "client_" + std::string(common_name),
                 .names = {},
                 .role = CertificateRole::Client,
                 .ends = ends,
                 .common_name = std::string(common_name)});
  }

  [[nodiscard]] std::filesystem::path authority() const { return folder_.path() / "authority.pem"; }
  [[nodiscard]] const base::TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] X509& authority_certificate() const { return *authority_; }

 private:
  std::string name_;
  base::TemporaryFolder folder_;
  bssl::UniquePtr<EVP_PKEY> authority_key_;
  bssl::UniquePtr<X509> authority_;
};

}  // namespace pear::io::tls
