// X25519 (RFC 7748) as s2n-bignum computes it, in place of BoringSSL's. BoringSSL has no hook for
// it, so the linker leads all calls of X25519() and X25519_keypair() here (--wrap, in
// CMakeLists.txt); what they promise stays as <openssl/curve25519.h> says.

#include <array>
#include <cstdint>

#include <openssl/curve25519.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

extern "C" {  // Its header is of C alone.
#include <s2n-bignum.h>
}

// The linker's names for them: those that have two underscores are not ours to declare.
extern "C" {
int pear_x25519(std::uint8_t out[32], const std::uint8_t private_key[32],
                const std::uint8_t peer_public[32]) __asm__("__wrap_X25519");
void pear_x25519_keypair(std::uint8_t out_public[32],
                         std::uint8_t out_private[32]) __asm__("__wrap_X25519_keypair");
}

namespace {

bool has_adx() {
  return __builtin_cpu_supports("adx") && __builtin_cpu_supports("bmi2");
}

}  // namespace

int pear_x25519(std::uint8_t out[32], const std::uint8_t private_key[32],
                const std::uint8_t peer_public[32]) {
  (has_adx() ? curve25519_x25519_byte : curve25519_x25519_byte_alt)(out, private_key, peer_public);
  // A point of small order makes zero, which is no secret (RFC 7748, 6.1).
  constexpr std::array<std::uint8_t, 32> kZero{};
  return CRYPTO_memcmp(out, kZero.data(), kZero.size()) != 0 ? 1 : 0;
}

void pear_x25519_keypair(std::uint8_t out_public[32], std::uint8_t out_private[32]) {
  RAND_bytes(out_private, 32);  // Of BoringSSL: it does not fail.
  (has_adx() ? curve25519_x25519base_byte : curve25519_x25519base_byte_alt)(out_public,
                                                                            out_private);
}
