// Random numbers, from the host's cryptographic source.
//
// Thread: a guest has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pear/abi.h"

namespace pear {

[[nodiscard]] inline std::uint64_t random_u64() {
  return abi::pear_random_u64();
}

inline void random_bytes(std::span<std::byte> out) {
  // A host may bound what it gives at once.
  constexpr std::size_t piece_max = std::size_t{64} * 1024;
  while (!out.empty()) {
    const std::span piece = out.first(out.size() < piece_max ? out.size() : piece_max);
    abi::List result;
    const abi::Landing landing(piece.data(), piece.size());
    abi::pear_random_bytes(piece.size(), &result);
    if (result.data != reinterpret_cast<const char*>(piece.data())) __builtin_trap();
    out = out.subspan(piece.size());
  }
}

}  // namespace pear
