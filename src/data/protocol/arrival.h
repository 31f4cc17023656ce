// Arrival: a connection on its way to the protocol that it speaks.
//
// Thread: core-local. Move-only.
#pragma once

#include "data/protocol/peer.h"
#include "io/reactor.h"
#include "io/tls/byte_stream.h"

namespace pear::data::protocol {

struct Arrival {
  io::tls::ByteStream stream;  // Its TLS, if any, is established.
  Peer peer;
  // Who has been told of its events: they go to the connection from now on. Null: nobody.
  io::IoHandler* watched_by = nullptr;
};

// False where it cannot be watched.
[[nodiscard]] inline bool watch_connection(io::Reactor& reactor, io::IoHandler& connection, int fd,
                                           io::IoHandler* former) {
  constexpr auto kTrigger = io::Reactor::Trigger::Edge;
  if (former == nullptr) {
    return reactor.add(connection, fd, io::IoEvents::read_write(), kTrigger).has_value();
  }
  reactor.take_over(connection, *former, io::IoEvents::read_write(), kTrigger);
  return true;
}

}  // namespace pear::data::protocol
