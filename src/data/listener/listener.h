// Listener: the listening sockets of one core, and how many connections it may have.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/listener/handshakes.h"
#include "data/protocol/connections.h"
#include "io/acceptor.h"
#include "io/reactor.h"
#include "model/counters.h"

namespace pear::data::listener {

// What clients of a listening socket speak first.
enum class Security : std::uint8_t { Plain, Tls };

class Listener {
 public:
  Listener(protocol::Connections& connections, const Handshakes::Parts& parts);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;

  // Takes an open listening socket. Before start().
  void add(io::UniqueFd socket, Security security);
  // Begins to accept, once there is something to serve (and certificates, where TLS is spoken):
  // until then connections wait in the kernel's queue. More calls do nothing. Errors: OsError.
  [[nodiscard]] Result<void> start();
  // What TLS handshakes begin with from now on. Errors: OsError.
  [[nodiscard]] Result<void> use(std::shared_ptr<const io::tls::ServerContexts> contexts);
  // No more connections, ever, but those that wait in the kernel's queue: they are taken, and the
  // sockets are closed. Where the keeper has them too, it says whether newer ones are refused or
  // wait for the next server.
  void finish();
  // Connections have ended: there may be room again.
  void resume_if_room();

  [[nodiscard]] Handshakes& handshakes() { return handshakes_; }
  // Of this core, handshakes included.
  [[nodiscard]] std::size_t connections_open() const {
    return connections_.open() + handshakes_.open();
  }

 private:
  class Door;

  [[nodiscard]] Result<void> open_doors();
  void pause_if_full();

  protocol::Connections& connections_;
  model::CoreCounters& counters_;
  std::size_t connections_max_;
  Handshakes handshakes_;
  std::vector<std::unique_ptr<Door>> doors_;
  bool started_ = false;
  bool paused_ = false;
  bool finished_ = false;
};

}  // namespace pear::data::listener
