#include "io/tls/quic_secrets.h"

#include <vector>

#include <gtest/gtest.h>

namespace pear::io::tls {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{seconds(1'790'000'000)};
const std::vector<std::uint8_t> kId{1, 2, 3, 4, 5, 6, 7, 8, 9};

SocketAddress address(std::uint16_t port = 4433) {
  return SocketAddress::parse("192.0.2.7", port).value();
}

class QuicSecretsTest : public ::testing::Test {
 protected:
  QuicSecrets secrets_{LastingSecret::alone()};
};

TEST_F(QuicSecretsTest, GivesBackTheIdThatATokenCarries) {
  const auto token = secrets_.seal(address(), kId, kNow);
  const auto opened = secrets_.open(address(), token.view(), kNow + QuicSecrets::kTokenLife);
  ASSERT_TRUE(opened);
  EXPECT_EQ(std::vector(opened->view().begin(), opened->view().end()), kId);
}

TEST_F(QuicSecretsTest, TakesATokenForTenSecondsOnly) {
  const auto token = secrets_.seal(address(), kId, kNow);
  EXPECT_FALSE(secrets_.open(address(), token.view(), kNow + QuicSecrets::kTokenLife + seconds(1)));
  EXPECT_FALSE(secrets_.open(address(), token.view(), kNow - seconds(1)));
}

TEST_F(QuicSecretsTest, TakesATokenFromItsAddressOnly) {
  const auto token = secrets_.seal(address(), kId, kNow);
  EXPECT_FALSE(secrets_.open(address(4434), token.view(), kNow));
  const auto other = SocketAddress::parse("192.0.2.8", 4433).value();
  EXPECT_FALSE(secrets_.open(other, token.view(), kNow));
}

TEST_F(QuicSecretsTest, TakesNoTokenThatWasChanged) {
  const auto token = secrets_.seal(address(), kId, kNow);
  for (std::size_t i = 0; i < token.size; ++i) {
    auto changed = token;
    changed.bytes[i] ^= 1U;
    EXPECT_FALSE(secrets_.open(address(), changed.view(), kNow)) << i;
    EXPECT_FALSE(secrets_.open(address(), token.view().first(i), kNow)) << i;
  }
}

TEST_F(QuicSecretsTest, GivesEachIdAResetTokenOfItsOwn) {
  const std::vector<std::uint8_t> other{1, 2, 3, 4, 5, 6, 7, 8, 8};
  EXPECT_EQ(secrets_.reset_token(kId), secrets_.reset_token(kId));
  EXPECT_NE(secrets_.reset_token(kId), secrets_.reset_token(other));
  EXPECT_NE(secrets_.reset_token(kId), QuicSecrets(LastingSecret::alone()).reset_token(kId));
}

TEST_F(QuicSecretsTest, NumbersBytesBySecret) {
  EXPECT_EQ(secrets_.number_of(kId), secrets_.number_of(kId));
  EXPECT_NE(secrets_.number_of(kId), QuicSecrets(LastingSecret::alone()).number_of(kId));
}

}  // namespace
}  // namespace pear::io::tls
