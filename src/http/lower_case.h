// Lower case, in place, eight bytes at a time.
//
// Thread: any (pure).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "http/character.h"

namespace pear::http {

namespace lower_case_detail {

// Bit 7 of each byte of the result: is that byte of `word` one of A to Z?
constexpr std::uint64_t upper_case_mask(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  const std::uint64_t low = word & (0x7fU * kOnes);
  const std::uint64_t at_least_a = low + (0x80U - 'A') * kOnes;
  const std::uint64_t above_z = low + (0x80U - 'Z' - 1) * kOnes;
  return at_least_a & ~above_z & ~word & (0x80U * kOnes);
}

template <typename Word>
inline void lower_two_words(char* first, char* last) {
  Word a = 0;
  Word b = 0;
  std::memcpy(&a, first, sizeof a);
  std::memcpy(&b, last, sizeof b);
  // 0x80 >> 2 is 0x20, the bit that tells upper from lower case.
  a = static_cast<Word>(a | (upper_case_mask(a) >> 2U));
  b = static_cast<Word>(b | (upper_case_mask(b) >> 2U));
  std::memcpy(first, &a, sizeof a);
  std::memcpy(last, &b, sizeof b);
}

}  // namespace lower_case_detail

// ASCII letters only; all other bytes stay what they are.
inline void make_lower_case(std::span<char> text) {
  using lower_case_detail::lower_two_words;
  char* at = text.data();
  std::size_t left = text.size();
  for (; left > 16; at += 8, left -= 8) lower_two_words<std::uint64_t>(at, at);
  // Two words that overlap in the middle: to do a byte twice changes nothing.
  if (left >= 8) {
    lower_two_words<std::uint64_t>(at, at + left - 8);
  } else if (left >= 4) {
    lower_two_words<std::uint32_t>(at, at + left - 4);
  } else {
    for (; left > 0; ++at, --left) *at = to_lower(*at);
  }
}

}  // namespace pear::http
