// LastingSecret: random bytes that all threads, processes and restarts of a server share, made by
// whoever asks first. What is derived from it (derive()) is worthless to whoever does not know it.
//
// For what must be the same after a restart: tokens by which a server ends the connections that its
// predecessor had (RFC 9000, section 10.3), and addresses that it has validated (section 8.1).
//
// Thread: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pear::io::tls {

class LastingSecret {
 public:
  static constexpr std::size_t kBytes = 32;
  // Zeroes: not made yet.
  struct Place {
    std::atomic<std::uint64_t> state;
    std::array<std::atomic<std::uint64_t>, 4> words;
    std::array<std::uint64_t, 3> unused;
  };
  static_assert(sizeof(Place) == 64, "processes of different builds share it");
  using Key = std::array<std::uint8_t, kBytes>;

  // The one at the beginning of `shared`, made now if it is not there. Where there is no room, or
  // another began to make it and has died: one that nobody shares.
  [[nodiscard]] static LastingSecret in(std::span<std::byte> shared);
  [[nodiscard]] static LastingSecret alone();

  // A key for one purpose, which is named: HMAC-SHA256 of the name.
  [[nodiscard]] Key derive(std::string_view purpose) const;

 private:
  explicit LastingSecret(const Key& secret) : secret_(secret) {}
  Key secret_;
};

}  // namespace pear::io::tls
