#include "io/tls/quic_secrets.h"

#include <algorithm>
#include <cstring>

#include <openssl/aead.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/siphash.h>

#include "base/assert.h"

namespace pear::io::tls {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

// What a token holds: when it was made, and an id. What it is bound to: an address.
constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kPlainBytesMax = kTimeBytes + 20;
static_assert(kNonceBytes + kPlainBytesMax + kTagBytes <= QuicSecrets::kTokenBytesMax);

std::array<std::uint8_t, 18> bound_to(const SocketAddress& address) {
  std::array<std::uint8_t, 18> out{};
  std::ranges::copy(address.ip(), out.begin());
  const std::uint16_t port = address.port();
  std::memcpy(&out[16], &port, sizeof port);
  return out;
}

std::int64_t seconds_of(WallTime now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

bssl::UniquePtr<EVP_AEAD_CTX> cipher_of(const LastingSecret::Key& key) {
  bssl::UniquePtr<EVP_AEAD_CTX> cipher(EVP_AEAD_CTX_new(EVP_aead_aes_256_gcm(), key.data(),
                                                        key.size(), EVP_AEAD_DEFAULT_TAG_LENGTH));
  PEAR_ASSERT(cipher != nullptr, "a key of the right size makes a cipher");
  return cipher;
}

}  // namespace

QuicSecrets::QuicSecrets(const LastingSecret& secret)
    : reset_key_(secret.derive("quic stateless reset")),
      token_key_(secret.derive("quic address token")) {
  const LastingSecret::Key key = secret.derive("quic connection numbers");
  std::memcpy(number_key_.data(), key.data(), sizeof number_key_);
}

QuicSecrets::ResetToken QuicSecrets::reset_token(Bytes connection_id) const {
  std::array<std::uint8_t, 32> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), reset_key_.data(), reset_key_.size(), connection_id.data(),
       connection_id.size(), digest.data(), &size);
  ResetToken token{};
  std::copy_n(digest.begin(), token.size(), token.begin());
  return token;
}

QuicSecrets::Token QuicSecrets::seal(const SocketAddress& address, Bytes first_id,
                                     WallTime now) const {
  PEAR_ASSERT(first_id.size() <= kPlainBytesMax - kTimeBytes, "an id has at most 20 bytes");
  std::array<std::uint8_t, kPlainBytesMax> plain{};
  const std::int64_t made = seconds_of(now);
  std::memcpy(plain.data(), &made, sizeof made);
  std::ranges::copy(first_id, plain.begin() + kTimeBytes);
  const auto bound = bound_to(address);
  Token token;
  const std::span<std::uint8_t> nonce = std::span(token.bytes).first(kNonceBytes);
  fill_random(nonce);
  std::size_t sealed = 0;
  const int ok =
      EVP_AEAD_CTX_seal(cipher_of(token_key_).get(), &token.bytes[kNonceBytes], &sealed,
                        token.bytes.size() - kNonceBytes, nonce.data(), nonce.size(), plain.data(),
                        kTimeBytes + first_id.size(), bound.data(), bound.size());
  PEAR_ASSERT(ok == 1, "a token has room for what is sealed");
  token.size = kNonceBytes + sealed;
  return token;
}

std::optional<QuicSecrets::FirstId> QuicSecrets::open(const SocketAddress& address, Bytes token,
                                                      WallTime now) const {
  if (token.size() < kNonceBytes + kTimeBytes + kTagBytes || token.size() > kTokenBytesMax) {
    return {};
  }
  const Bytes sealed = token.subspan(kNonceBytes);
  const auto bound = bound_to(address);
  std::array<std::uint8_t, kTokenBytesMax> plain{};
  std::size_t size = 0;
  const int ok = EVP_AEAD_CTX_open(cipher_of(token_key_).get(), plain.data(), &size, plain.size(),
                                   token.data(), kNonceBytes, sealed.data(), sealed.size(),
                                   bound.data(), bound.size());
  if (ok != 1 || size < kTimeBytes || size > kPlainBytesMax) return {};
  std::int64_t made = 0;
  std::memcpy(&made, plain.data(), sizeof made);
  const std::int64_t age = seconds_of(now) - made;
  if (age < 0 || age > kTokenLife.count()) return {};
  FirstId first;
  first.size = size - kTimeBytes;
  std::copy_n(plain.begin() + kTimeBytes, first.size, first.bytes.begin());
  return first;
}

std::uint64_t QuicSecrets::number_of(Bytes bytes) const {
  return SIPHASH_24(number_key_.data(), bytes.data(), bytes.size());
}

void QuicSecrets::fill_random(std::span<std::uint8_t> out) {
  RAND_bytes(out.data(), out.size());
}

}  // namespace pear::io::tls
