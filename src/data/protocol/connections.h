// Connections: all the client connections of one core, each with the protocol that it speaks.
//
// Thread: core-local.
#pragma once

#include <cstddef>

#include "data/protocol/http1_connections.h"
#include "data/protocol/http2_connections.h"
#include "data/protocol/http3_connections.h"
#include "data/protocol/peer.h"
#include "data/protocol/shared.h"
#include "io/tls/byte_stream.h"

namespace pear::data::protocol {

class Connections {
 public:
  explicit Connections(const Shared::Parts& parts)
      : shared_(parts), http3_(shared_), http2_(shared_), http1_(shared_, http2_) {}

  // Takes a connection whose TLS, if any, is established: ALPN has chosen its protocol.
  void add(io::tls::ByteStream stream, Peer peer);
  // A datagram of QUIC for this core.
  void receive(UdpDoor& door, const io::Datagram& datagram) { http3_.receive(door, datagram); }
  // What connections are judged by from now on.
  void use(std::shared_ptr<const io::tls::ServerContexts> contexts) {
    shared_.contexts = std::move(contexts);
  }
  // The settings have changed: what they say of requests holds at once, what was agreed when a
  // connection began for those that are to come.
  void use_settings() {
    shared_.use_settings();
    http1_.use_settings();
    http2_.use_settings();
    http3_.use_settings();
  }
  // Once a turn: at its beginning,
  void set_wall_time(WallTime now) { shared_.set_wall_time(now); }
  // when all that came is in: requests over datagrams begin,
  void take_requests() { http3_.take_requests(); }
  // and at its end: what multiplexed responses have is written.
  void write();
  // The server is going away: each connection is served what it has asked, and closes.
  void drain();
  void close_all();
  // Tells up to `count` connections to go that have nothing to do, the longest idle first; how many
  // it found. They are open until they have gone: a request that is on its way is still answered.
  std::size_t retire_idle(std::size_t count);

  [[nodiscard]] std::size_t open() const { return http1_.open() + http2_.open() + http3_.open(); }
  // Bytes that the connections hold, and those that are kept for the next.
  struct Memory {
    std::size_t buffers = 0;
    std::size_t http2 = 0;
    std::size_t kept = 0;
  };
  [[nodiscard]] Memory memory() const {
    return {.buffers = shared_.chunks.bytes_lent(),
            .http2 = http2_.memory_bytes(),
            .kept = shared_.chunks.bytes_kept()};
  }
  [[nodiscard]] bool has_certificates() const { return shared_.contexts != nullptr; }
  // For TLS of connections before they are added.
  [[nodiscard]] io::tls::Workspace& tls_workspace() { return shared_.tls_workspace; }

 private:
  Shared shared_;
  Http3Connections http3_;
  Http2Connections http2_;
  Http1Connections http1_;
};

}  // namespace pear::data::protocol
