// KeyedHash: SipHash-2-4, so that nobody who does not know the key can choose whom to collide with.
//
// Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012.
// Thread: any (immutable).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace pear::security {

class KeyedHash {
 public:
  using Key = std::array<std::uint64_t, 2>;
  explicit constexpr KeyedHash(const Key& key) : key_(key) {}

  // Of the words, each as its eight bytes, the lowest first.
  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint64_t> words) const;

 private:
  Key key_;
};

}  // namespace pear::security
