#include "io/tls/certificate_compression.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pool.h>

namespace pear::io::tls {
namespace {

std::vector<std::uint8_t> message(std::size_t size, std::uint8_t first) {
  std::vector<std::uint8_t> bytes(size, 'x');
  bytes[0] = first;
  return bytes;
}

TEST(CertificateCompression, UnpacksWhatItPacked) {
  CompressedCertificates cache;
  const auto sent = message(3000, 1);
  const auto packed = cache.compressed(sent);
  EXPECT_LT(packed.size(), 100U);
  const auto got = unpack_certificate(packed, sent.size());
  ASSERT_NE(got, nullptr);
  EXPECT_TRUE(std::ranges::equal(
      std::span(CRYPTO_BUFFER_data(got.get()), CRYPTO_BUFFER_len(got.get())), sent));
}

TEST(CertificateCompression, PacksEachMessageOnce) {
  CompressedCertificates cache;
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(cache.compressed(message(3000, 1)));
    static_cast<void>(cache.compressed(message(3000, 2)));
  }
  EXPECT_EQ(cache.misses(), 2U);
}

TEST(CertificateCompression, KeepsOnlySoMany) {
  CompressedCertificates cache;
  for (std::size_t i = 0; i < 3 * CompressedCertificates::kKept; ++i) {
    const auto sent = message(100 + i, 1);
    EXPECT_NE(unpack_certificate(cache.compressed(sent), sent.size()), nullptr);
  }
  EXPECT_EQ(cache.misses(), 3 * CompressedCertificates::kKept);
}

TEST(CertificateCompression, RefusesOtherSizesThanWereSaidAndGarbage) {
  CompressedCertificates cache;
  const auto sent = message(3000, 1);
  const auto packed = cache.compressed(sent);
  EXPECT_EQ(unpack_certificate(packed, 2999), nullptr);
  EXPECT_EQ(unpack_certificate(packed, 3001), nullptr);
  EXPECT_EQ(unpack_certificate(packed.first(packed.size() - 1), 3000), nullptr);
  EXPECT_EQ(unpack_certificate(sent, 3000), nullptr);
  EXPECT_EQ(unpack_certificate({}, 3000), nullptr);
}

TEST(CertificateCompression, UnpacksNothingLargerThanItsBound) {
  constexpr std::size_t kMax = CompressedCertificates::kUnpackedBytesMax;
  CompressedCertificates cache;
  const auto largest = message(kMax, 1);
  EXPECT_NE(unpack_certificate(cache.compressed(largest), kMax), nullptr);
  const auto larger = message(kMax + 1, 1);
  EXPECT_EQ(unpack_certificate(cache.compressed(larger), kMax + 1), nullptr);
}

}  // namespace
}  // namespace pear::io::tls
