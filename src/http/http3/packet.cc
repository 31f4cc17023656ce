#include "http/http3/packet.h"

#include <algorithm>

#include "http/http3/rust_bytes.h"

namespace pear::http3 {
namespace {

// Room for one byte of head, some that look like a packet, and the token (section 10.3).
constexpr std::size_t kResetBytesMin = 21;
constexpr std::size_t kResetBytesMax = 43;

PacketType type_of(std::uint32_t type) {
  switch (type) {
    case PEAR_QUIC_INITIAL:
      return PacketType::Initial;
    case PEAR_QUIC_ZERO_RTT:
      return PacketType::ZeroRtt;
    case PEAR_QUIC_HANDSHAKE:
      return PacketType::Handshake;
    case PEAR_QUIC_SHORT:
      return PacketType::Short;
    default:
      return PacketType::Other;
  }
}

PearQuicHeader header_of(const PacketHead& head) {
  return {.type = 0,
          .version = head.version,
          .version_known = head.version_known,
          .destination = lent(head.destination),
          .source = lent(head.source),
          .token = lent(head.token)};
}

std::size_t size_of(std::int64_t outcome) {
  return outcome > 0 ? static_cast<std::size_t>(outcome) : 0;
}

}  // namespace

std::optional<PacketHead> parse_packet_head(Bytes datagram) {
  PearQuicHeader head{};
  if (datagram.empty() || !pear_quic_header(lent(datagram), kIdBytes, &head)) return {};
  return PacketHead{.type = type_of(head.type),
                    .version = head.version,
                    .version_known = head.version_known,
                    .destination = borrowed(head.destination),
                    .source = borrowed(head.source),
                    .token = borrowed(head.token)};
}

std::size_t write_version_negotiation(const PacketHead& head, std::span<std::uint8_t> out) {
  const PearQuicHeader header = header_of(head);
  return size_of(pear_quic_negotiate_version(&header, out.data(), out.size()));
}

std::size_t write_retry(const PacketHead& head, Bytes source, Bytes token,
                        std::span<std::uint8_t> out) {
  const PearQuicHeader header = header_of(head);
  return size_of(pear_quic_retry(&header, lent(source), lent(token), out.data(), out.size()));
}

std::size_t write_stateless_reset(const ResetToken& token, std::size_t received_bytes,
                                  std::span<const std::uint8_t, 32> random,
                                  std::span<std::uint8_t> out) {
  if (received_bytes <= kResetBytesMin) return 0;
  const std::size_t size = std::min(received_bytes - 1, kResetBytesMax);
  if (out.size() < size) return 0;
  const std::size_t noise = size - token.size();
  std::ranges::copy(random.first(noise), out.begin());
  out[0] = static_cast<std::uint8_t>((out[0] & 0x3FU) | 0x40U);  // As a short header begins.
  std::ranges::copy(token, out.begin() + static_cast<std::ptrdiff_t>(noise));
  return size;
}

}  // namespace pear::http3
