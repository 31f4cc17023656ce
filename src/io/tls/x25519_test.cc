#include <algorithm>
#include <array>
#include <cstdint>

#include <gtest/gtest.h>
#include <openssl/curve25519.h>
#include <openssl/rand.h>

// What the linker leads past (CMakeLists.txt): BoringSSL's own.
extern "C" int boringssl_x25519(std::uint8_t out[32], const std::uint8_t private_key[32],
                                const std::uint8_t peer_public[32]) __asm__("__real_X25519");

namespace {

using Bytes = std::array<std::uint8_t, 32>;

Bytes random_bytes() {
  Bytes out{};
  RAND_bytes(out.data(), out.size());
  return out;
}

TEST(X25519Test, IsNotBoringSsls) {
  EXPECT_NE(&X25519, &boringssl_x25519);
}

// RFC 7748, 5.2: the result becomes the key and the key the point, a thousand times.
TEST(X25519Test, IteratesAsRfc7748) {
  Bytes key{9};
  Bytes point = key;
  for (int i = 0; i < 1'000; ++i) {
    Bytes result{};
    ASSERT_EQ(X25519(result.data(), key.data(), point.data()), 1);
    point = key;
    key = result;
  }
  const Bytes expected{0x68, 0x4c, 0xf5, 0x9b, 0xa8, 0x33, 0x09, 0x55, 0x28, 0x00, 0xef,
                       0x56, 0x6f, 0x2f, 0x4d, 0x3c, 0x1c, 0x38, 0x87, 0xc4, 0x93, 0x60,
                       0xe3, 0x87, 0x5f, 0x2e, 0xb9, 0x4d, 0x99, 0x53, 0x2c, 0x51};
  EXPECT_EQ(key, expected);
}

// Keys and points of all kinds: bits that the RFC has masked are random too.
TEST(X25519Test, AgreesWithBoringSsl) {
  for (int i = 0; i < 1'000; ++i) {
    const Bytes key = random_bytes();
    Bytes point = random_bytes();
    if (i % 4 == 1) std::ranges::fill(point, std::uint8_t{0xff});  // Not below the prime.
    Bytes ours{};
    Bytes theirs{};
    ASSERT_EQ(X25519(ours.data(), key.data(), point.data()),
              boringssl_x25519(theirs.data(), key.data(), point.data()));
    ASSERT_EQ(ours, theirs);
  }
}

TEST(X25519Test, MakesPairsOfKeysThatAgree) {
  for (int i = 0; i < 100; ++i) {
    Bytes a_public{};
    Bytes a_private{};
    Bytes b_public{};
    Bytes b_private{};
    X25519_keypair(a_public.data(), a_private.data());
    X25519_keypair(b_public.data(), b_private.data());
    Bytes expected_public{};
    X25519_public_from_private(expected_public.data(), a_private.data());
    EXPECT_EQ(a_public, expected_public);
    EXPECT_NE(a_public, b_public);
    Bytes a{};
    Bytes b{};
    ASSERT_EQ(X25519(a.data(), a_private.data(), b_public.data()), 1);
    ASSERT_EQ(X25519(b.data(), b_private.data(), a_public.data()), 1);
    EXPECT_EQ(a, b);
  }
}

// RFC 7748, 6.1 and the list of RFC 8446's implementers: such a point gives all the same secret.
TEST(X25519Test, RefusesPointsOfSmallOrder) {
  const std::array<Bytes, 3> points{
      Bytes{0}, Bytes{1}, Bytes{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
                                0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
                                0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}};
  for (const Bytes& point : points) {
    Bytes out{};
    EXPECT_EQ(X25519(out.data(), random_bytes().data(), point.data()), 0);
  }
}

}  // namespace
