// Any bytes as a datagram: what is found lies within it, and the answers are whole and small.
#include <array>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "http/http3/packet.h"

namespace {

using pear::http3::Bytes;

bool lies_in(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http3 = pear::http3;
  const Bytes datagram(data, size);
  const auto head = http3::parse_packet_head(datagram);
  if (!head) return 0;
  PEAR_ASSERT(lies_in(head->destination, datagram) && lies_in(head->source, datagram) &&
                  lies_in(head->token, datagram),
              "a view beyond the datagram");
  PEAR_ASSERT(head->destination.size() <= http3::kIdBytesMax || !head->version_known,
              "an id of a known version is short");
  if (head->type == http3::PacketType::Short) {
    PEAR_ASSERT(head->destination.size() == http3::kIdBytes, "short headers carry ids of ours");
    std::array<std::uint8_t, 64> out{};
    const std::array<std::uint8_t, 32> noise{0xFF, 0xFF};
    const std::size_t reset = http3::write_stateless_reset({}, size, noise, out);
    PEAR_ASSERT(reset < size && (reset == 0 || (out[0] & 0xC0U) == 0x40U),
                "a reset is smaller than what it answers, and looks like a short header");
    return 0;
  }
  std::array<std::uint8_t, 1500> out{};
  const std::size_t versions = http3::write_version_negotiation(*head, out);
  if (versions > 0) {
    const auto answer = http3::parse_packet_head(std::span(out).first(versions));
    PEAR_ASSERT(answer && answer->version == 0, "version negotiation can be read");
  }
  const std::array<std::uint8_t, http3::kIdBytes> id{1, 2, 3};
  const std::array<std::uint8_t, 40> token{7};
  const std::size_t retry =
      head->version_known ? http3::write_retry(*head, id, token, out) : std::size_t{0};
  if (retry > 0) {
    const auto answer = http3::parse_packet_head(std::span(out).first(retry));
    PEAR_ASSERT(answer && answer->type == http3::PacketType::Other, "a Retry can be read");
  }
  return 0;
}
