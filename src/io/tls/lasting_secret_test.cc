#include "io/tls/lasting_secret.h"

#include <gtest/gtest.h>

namespace pear::io::tls {
namespace {

TEST(LastingSecret, IsTheSameForAllWhoShareItsMemory) {
  alignas(64) std::array<std::byte, 64> memory{};
  const auto first = LastingSecret::in(memory);
  const auto second = LastingSecret::in(memory);
  EXPECT_EQ(first.derive("tokens"), second.derive("tokens"));
}

TEST(LastingSecret, GivesEachPurposeAKeyOfItsOwn) {
  const auto secret = LastingSecret::alone();
  EXPECT_NE(secret.derive("tokens"), secret.derive("resets"));
}

TEST(LastingSecret, IsAnotherOneForOthers) {
  alignas(64) std::array<std::byte, 64> one{};
  alignas(64) std::array<std::byte, 64> other{};
  EXPECT_NE(LastingSecret::in(one).derive("x"), LastingSecret::in(other).derive("x"));
  EXPECT_NE(LastingSecret::alone().derive("x"), LastingSecret::alone().derive("x"));
}

TEST(LastingSecret, DoesWithoutAWriterThatDied) {
  alignas(64) std::array<std::byte, 64> memory{};
  memory[0] = std::byte{1};
  EXPECT_NE(LastingSecret::in(memory).derive("x"), LastingSecret::in(memory).derive("x"));
}

TEST(LastingSecret, DoesWithoutMemoryThatIsTooSmall) {
  EXPECT_NE(LastingSecret::in({}).derive("x"), LastingSecret::in({}).derive("x"));
}

}  // namespace
}  // namespace pear::io::tls
