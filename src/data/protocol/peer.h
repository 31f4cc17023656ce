// Peer: who is at the other end of a connection, and the place that the connection holds.
//
// Thread: core-local. Move-only.
#pragma once

#include "data/security/address_counts.h"
#include "io/socket_address.h"

namespace pear::data::protocol {

struct Peer {
  io::SocketAddress address;          // As a trusted PROXY header names it, where there is one.
  security::CountedConnection place;  // Given back when the connection is over.
};

}  // namespace pear::data::protocol
