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
  if (out.empty()) return;
  abi::List result;
  const abi::Landing landing(out.data(), out.size());
  abi::pear_random_bytes(out.size(), &result);
  if (result.data != reinterpret_cast<const char*>(out.data())) __builtin_trap();
}

}  // namespace pear
