// QuicSecrets: what a server of QUIC must be able to say again after a restart, and on every
// thread: the tokens that end connections it does not know, and addresses that clients have proven.
//
// Source: RFC 9000, sections 8.1 (address validation), 10.3.2 (stateless reset tokens).
// Thread: any (immutable).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "io/socket_address.h"
#include "io/tls/lasting_secret.h"

namespace pear::io::tls {

class QuicSecrets {
 public:
  using Bytes = std::span<const std::uint8_t>;
  using ResetToken = std::array<std::uint8_t, 16>;

  explicit QuicSecrets(const LastingSecret& secret);

  // Of a connection id that was given to a client.
  [[nodiscard]] ResetToken reset_token(Bytes connection_id) const;

  // A token for a Retry packet: that who has it receives what is sent to `address`. It carries the
  // id that the client's first packet was sent to.
  static constexpr std::chrono::seconds kTokenLife{10};
  static constexpr std::size_t kTokenBytesMax = 96;
  struct Token {
    std::array<std::uint8_t, kTokenBytesMax> bytes{};
    std::size_t size = 0;
    [[nodiscard]] Bytes view() const { return {bytes.data(), size}; }
  };
  [[nodiscard]] Token seal(const SocketAddress& address, Bytes first_id, WallTime now) const;
  struct FirstId {
    std::array<std::uint8_t, 20> bytes{};
    std::size_t size = 0;
    [[nodiscard]] Bytes view() const { return {bytes.data(), size}; }
  };
  // None: it is not ours, of another address, or older than kTokenLife.
  [[nodiscard]] std::optional<FirstId> open(const SocketAddress& address, Bytes token,
                                            WallTime now) const;

  // A number for bytes that an attacker chooses: who does not know the secret cannot make two of
  // one number.
  [[nodiscard]] std::uint64_t number_of(Bytes bytes) const;

  // Bytes that nobody can foretell.
  static void fill_random(std::span<std::uint8_t> out);

 private:
  LastingSecret::Key reset_key_;
  LastingSecret::Key token_key_;
  std::array<std::uint64_t, 2> number_key_{};
};

}  // namespace pear::io::tls
