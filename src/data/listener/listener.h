// Listener: the listening sockets of one core, and how many connections it may have.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/protocol/http1_connections.h"
#include "io/acceptor.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "model/counters.h"

namespace pear::data::listener {

class Listener final : public io::ConnectionSink {
 public:
  Listener(io::Reactor& reactor, protocol::Http1Connections& connections,
           model::CoreCounters& counters, std::uint32_t connections_max);

  // Takes an open listening socket. Before start().
  void add(io::UniqueFd socket);
  // Begins to accept, once there is something to serve: until then connections wait in the kernel's
  // queue. More calls do nothing. Errors: OsError.
  [[nodiscard]] Result<void> start();
  // No more connections, ever, but those that wait in the kernel's queue: they are taken, and the
  // sockets are closed. Where the keeper has them too, it says whether newer ones are refused or
  // wait for the next server.
  void finish();

  void on_connection(io::UniqueFd socket, const io::SocketAddress& peer) override;
  void on_accept_failure(int os_errno) override;

  // Connections have ended: there may be room again.
  void resume_if_room();

 private:
  io::Reactor& reactor_;
  protocol::Http1Connections& connections_;
  model::CoreCounters& counters_;
  std::uint32_t connections_max_;
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  bool started_ = false;
  bool paused_ = false;
  bool finished_ = false;
};

}  // namespace pear::data::listener
