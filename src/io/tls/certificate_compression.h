// Certificate compression with zlib: a chain of RSA certificates becomes a third smaller, which
// often saves the client a round trip.
//
// Source: RFC 8879. BoringSSL compresses anew for each handshake, about 100 us:
// CompressedCertificates
//         keeps the outcomes.
// Thread: CompressedCertificates is core-local, in the Workspace. Its functions are callbacks.
// Memory: at most kKept outcomes of a few KiB.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <openssl/base.h>

namespace pear::io::tls {

class CompressedCertificates {
 public:
  static constexpr std::size_t kKept = 64;
  // No peer's chain may unpack to more.
  static constexpr std::size_t kUnpackedBytesMax = 64UL * 1024;

  // The compressed form of a Certificate message, valid until the next call; empty when zlib fails.
  [[nodiscard]] std::span<const std::uint8_t> compressed(std::span<const std::uint8_t> message);
  // Messages that were compressed rather than found.
  [[nodiscard]] std::uint64_t misses() const { return misses_; }

 private:
  struct Entry {
    std::array<std::uint8_t, 32> digest{};  // SHA-256 of the message.
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Entry> entries_;
  std::size_t next_ = 0;  // What is replaced when all places are taken.
  std::uint64_t misses_ = 0;
};

// What CRYPTO_BUFFER holds afterwards is exactly `unpacked_bytes` long; null when it is not.
[[nodiscard]] bssl::UniquePtr<CRYPTO_BUFFER> unpack_certificate(
    std::span<const std::uint8_t> packed, std::size_t unpacked_bytes);

}  // namespace pear::io::tls
