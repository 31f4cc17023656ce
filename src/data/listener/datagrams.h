// Datagrams: the UDP sockets of one core, and the way of what comes by them to the connections of
// this core or of another.
//
// The kernel brings a datagram to the core that its connection id names (io/datagram_steering.h);
// what it could not tell apart is handed over here.
//
// Thread: core-local.
// Memory: 1 MiB of address space for receiving; one copy of a datagram that is handed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "data/protocol/connections.h"
#include "data/protocol/udp_door.h"
#include "io/mesh.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "io/udp_socket.h"
#include "model/counters.h"

namespace pear::data::listener {

// A datagram on its way to the core that its connection id names.
struct HandedDatagram {
  std::vector<std::uint8_t> bytes;
  io::SocketAddress from;
  io::SocketAddress to;
  std::size_t door = 0;  // Of the cores' sockets that have the same address, by number.
};
using DatagramMesh = io::Mesh<std::unique_ptr<HandedDatagram>>;

class Datagrams {
 public:
  struct Parts {
    io::Reactor& reactor;
    protocol::Connections& connections;
    model::CoreCounters& counters;
    CoreId core{};
    DatagramMesh* mesh = nullptr;  // Null: there is no other core.
  };
  explicit Datagrams(const Parts& parts);
  ~Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;
  Datagrams(Datagrams&&) = delete;
  Datagrams& operator=(Datagrams&&) = delete;

  // Before start(). All cores have sockets of the same addresses in the same order.
  void add(io::UdpSocket socket);
  // Begins to receive: until then datagrams wait in the kernel. More calls do nothing. Errors:
  // OsError.
  [[nodiscard]] Result<void> start();
  // Once a turn: what other cores have handed over. True: there is more.
  bool receive_handed_over();

 private:
  class Door;

  void receive(Door& door);
  void take(Door& door, const io::Datagram& datagram);

  Parts parts_;
  std::unique_ptr<io::DatagramBuffers> buffers_;  // Null without sockets.
  std::vector<std::unique_ptr<Door>> doors_;
  bool started_ = false;
};

}  // namespace pear::data::listener
