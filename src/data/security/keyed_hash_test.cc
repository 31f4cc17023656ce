#include "data/security/keyed_hash.h"

#include <array>

#include <gtest/gtest.h>

namespace pear::security {
namespace {

// The key and the inputs of the paper's test vectors: bytes that count up.
constexpr KeyedHash kHash({0x0706050403020100, 0x0f0e0d0c0b0a0908});
constexpr std::array<std::uint64_t, 2> kWords{0x0706050403020100, 0x0f0e0d0c0b0a0908};

TEST(KeyedHash, AgreesWithThePublishedVectors) {
  EXPECT_EQ(kHash({}), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(kHash(std::span(kWords).first(1)), 0x93f5f5799a932462U);
  EXPECT_EQ(kHash(kWords), 0x3f2acc7f57c29bdbU);
}

TEST(KeyedHash, DependsOnItsKey) {
  EXPECT_NE(KeyedHash({1, 2})(kWords), KeyedHash({1, 3})(kWords));
}

}  // namespace
}  // namespace pear::security
