// ClientCounts: how many of something each client has, well enough to tell who has many.
//
// Clients share a number of places by a hash, so that a client may be taken for one that has more
// than it does; never for one that has less. It is told apart in that case when the other is gone.
//
// Thread: core-local.
// Memory: 512 bytes, whatever happens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pear::data {

class ClientCounts {
 public:
  void add(std::uint64_t client) { ++counts_[place_of(client)]; }
  void subtract(std::uint64_t client) { --counts_[place_of(client)]; }
  [[nodiscard]] std::uint32_t of(std::uint64_t client) const { return counts_[place_of(client)]; }

 private:
  static constexpr std::size_t kBits = 8;

  static std::size_t place_of(std::uint64_t client) {
    return static_cast<std::size_t>(client * 0x9E3779B97F4A7C15U >> (64U - kBits));
  }

  // 2^16 of a client wrap to none: then it is taken for a poor one, and nothing else breaks.
  std::array<std::uint16_t, std::size_t{1} << kBits> counts_{};
};

}  // namespace pear::data
