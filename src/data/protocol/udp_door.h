// UdpDoor: a UDP socket of this core, as the connections that came by it see it.
//
// Thread: core-local.
#pragma once

#include "io/udp_socket.h"
#include "model/counters.h"

namespace pear::data::protocol {

class UdpDoor {
 public:
  UdpDoor(io::UdpSocket socket, model::CoreCounters& counters)
      : socket_(std::move(socket)), counters_(counters) {}

  [[nodiscard]] io::UdpSocket& socket() { return socket_; }
  // What the kernel does not take is lost, as it could be on the way: the transport sends it again.
  void send(const io::Outgoing& train) {
    const io::Sent sent = socket_.send(train);
    if (sent.status == io::Sent::Status::Done) return;
    const std::size_t left = train.bytes.size() - sent.bytes;
    counters_.quic_datagrams_unsent.add((left + train.segment - 1) / train.segment);
  }

 private:
  io::UdpSocket socket_;
  model::CoreCounters& counters_;
};

}  // namespace pear::data::protocol
