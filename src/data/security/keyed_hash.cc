#include "data/security/keyed_hash.h"

#include <bit>

namespace pear::security {
namespace {

struct State {
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
  std::uint64_t d;

  void mix() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void take(std::uint64_t word) {
    d ^= word;
    mix();
    mix();
    a ^= word;
  }
};

}  // namespace

std::uint64_t KeyedHash::operator()(std::span<const std::uint64_t> words) const {
  // The constants spell "somepseudorandomlygeneratedbytes".
  State state{.a = key_[0] ^ 0x736f6d6570736575U,
              .b = key_[1] ^ 0x646f72616e646f6dU,
              .c = key_[0] ^ 0x6c7967656e657261U,
              .d = key_[1] ^ 0x7465646279746573U};
  for (const std::uint64_t word : words) state.take(word);
  state.take((words.size() * 8) << 56U);  // The length, and no bytes that are left over.
  state.c ^= 0xFFU;
  for (int i = 0; i < 4; ++i) state.mix();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace pear::security
