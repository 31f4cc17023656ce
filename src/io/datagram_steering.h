// Datagram steering: which core a QUIC datagram belongs to.
//
// The first byte of a connection id that Pear issues names the core (modulo the number of cores),
// and the id that a client invents for its first datagrams falls on some core by the same rule. The
// kernel follows it where sockets share a port, so that a connection stays on its core when the
// client's address changes. Where it cannot (sockets that do not share a port; a train that was
// joined from datagrams of several connections of one client), the core that received a datagram
// finds the right one by core_of_datagram().
//
// Source: RFC 8999 section 5 (where the id stands, in every version), socket(7)
// SO_ATTACH_REUSEPORT_CBPF.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"

namespace pear::io {

// Steers among the sockets that share a port with `fd`, a UDP socket: the one that was bound as
// number n, from 0 on, receives what belongs to core n. All `sockets` are bound; when one of them
// is closed by all that have it, the numbers change. Can be called again. A datagram too short for
// an id goes to any. Errors: OsError (EINVAL: it shares no port).
[[nodiscard]] Result<void> steer_by_connection_id(int fd, unsigned sockets);

// The same rule; nothing for a datagram that is too short for a connection id. At most 256 cores
// can be told apart.
[[nodiscard]] std::optional<unsigned> core_of_datagram(std::span<const std::uint8_t> datagram,
                                                       unsigned cores);

}  // namespace pear::io
