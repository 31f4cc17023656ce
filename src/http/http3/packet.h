// Packets of QUIC that belong to no connection yet, or to none any more: their ids, and what a
// server answers them with.
//
// Source: RFC 8999 (invariants); RFC 9000, sections 6 (version negotiation), 8.1.2 (Retry), 10.3
//         (stateless reset), 17.2.
// Thread: any (pure).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pear::http3 {

using Bytes = std::span<const std::uint8_t>;

// Every connection id of ours has this many bytes. With 64 bits none is ever given twice.
inline constexpr std::size_t kIdBytes = 8;
// Of a peer's.
inline constexpr std::size_t kIdBytesMax = 20;
// A datagram with a client's first packet has at least so many bytes (section 14.1).
inline constexpr std::size_t kInitialBytesMin = 1200;

using ResetToken = std::array<std::uint8_t, 16>;

enum class PacketType : std::uint8_t { Initial, ZeroRtt, Handshake, Short, Other };

// Of the first packet of a datagram; the views lie in the datagram.
struct PacketHead {
  PacketType type = PacketType::Other;
  std::uint32_t version = 0;
  bool version_known = false;
  Bytes destination;  // Connection ids. Of a short header: kIdBytes.
  Bytes source;
  Bytes token;  // Of an Initial.
};
[[nodiscard]] std::optional<PacketHead> parse_packet_head(Bytes datagram);

// Each writes a whole datagram and gives its size; 0 where there is no room.
[[nodiscard]] std::size_t write_version_negotiation(const PacketHead& head,
                                                    std::span<std::uint8_t> out);
// `source`: the id that the client is to use from now on.
[[nodiscard]] std::size_t write_retry(const PacketHead& head, Bytes source, Bytes token,
                                      std::span<std::uint8_t> out);
// The answer to a packet of `received_bytes` for a connection that nobody knows. `random` fills
// what looks like a packet. Smaller than what it answers, so that two servers do not go on for
// ever. 0: what was received is too small to be answered.
[[nodiscard]] std::size_t write_stateless_reset(const ResetToken& token, std::size_t received_bytes,
                                                std::span<const std::uint8_t, 32> random,
                                                std::span<std::uint8_t> out);

}  // namespace pear::http3
