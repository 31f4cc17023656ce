#include "io/datagram_steering.h"

#include <array>
#include <cstddef>

#include <linux/filter.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "io/os_error.h"

namespace pear::io {
namespace {

// A long header is a byte of flags, four of version, the length of the id, the id; a short one a
// byte of flags and the id.
constexpr std::uint8_t kLongHeader = 0x80;
constexpr std::uint8_t kIdInLongHeader = 6;
constexpr std::uint8_t kIdInShortHeader = 1;

constexpr sock_filter instruction(int code, std::uint32_t operand, std::uint8_t if_not = 0) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = if_not, .k = operand};
}

}  // namespace

Result<void> steer_by_connection_id(int fd, unsigned sockets) {
  PEAR_ASSERT(sockets > 0, "nothing to steer to");
  // The kernel shows the program a datagram without its UDP header. A read past the end ends the
  // program with 0: the first socket.
  std::array program{
      instruction(BPF_LD | BPF_B | BPF_ABS, 0),
      instruction(BPF_JMP | BPF_JSET | BPF_K, kLongHeader, 2),
      instruction(BPF_LD | BPF_B | BPF_ABS, kIdInLongHeader),
      instruction(BPF_JMP | BPF_JA, 1),
      instruction(BPF_LD | BPF_B | BPF_ABS, kIdInShortHeader),
      instruction(BPF_ALU | BPF_MOD | BPF_K, sockets),
      instruction(BPF_RET | BPF_A, 0),
  };
  const sock_fprog attached{.len = program.size(), .filter = program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof(attached)) != 0) {
    return fail_os("setsockopt() failed");
  }
  return {};
}

std::optional<unsigned> core_of_datagram(std::span<const std::uint8_t> datagram, unsigned cores) {
  PEAR_ASSERT(cores > 0, "nothing to choose from");
  if (datagram.empty()) return std::nullopt;
  const std::size_t id = (datagram[0] & kLongHeader) != 0 ? kIdInLongHeader : kIdInShortHeader;
  if (id >= datagram.size()) return std::nullopt;
  return datagram[id] % cores;
}

}  // namespace pear::io
