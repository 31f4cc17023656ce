// Listener: the listening sockets of one core, how many connections it may have, and whose.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/net/ip_prefix.h"
#include "base/result.h"
#include "data/listener/door_security.h"
#include "data/listener/handshakes.h"
#include "data/listener/introductions.h"
#include "data/protocol/connections.h"
#include "data/protocol/peer.h"
#include "data/security/admission.h"
#include "io/acceptor.h"
#include "io/reactor.h"
#include "model/counters.h"

namespace pear::data::listener {

class Listener final : private IntroductionSink {
 public:
  // All outlive it.
  struct Parts {  // NOLINT(*-member-init): references have no default.
    Handshakes::Parts handshakes;
    const config::ServerSettings& settings;
    security::Admission& admission;
    std::size_t cores = 1;
  };
  explicit Listener(const Parts& parts);
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
  // The settings have changed.
  void use_settings(const config::ServerSettings& settings);
  // Once a turn: takes connections again where there is room for them, and where there is hardly
  // any asks idle ones to go.
  void make_room();

  // The server is going away: clients and proxies that do not hurry now are not waited for. Who
  // knocks from now on is not answered, who is about to come in still may, and then the sockets are
  // closed. A socket that was lent (by systemd) is closed at once: who knocks waits in its queue
  // for the next server.
  void drain();
  // The sockets are closed.
  [[nodiscard]] bool finished() const { return finished_; }
  // No more connections, ever, but those that wait in the kernel's queue: they are taken, and the
  // sockets are closed.
  void finish();
  // Ends what is on its way to becoming a connection.
  void close_all();

  [[nodiscard]] Handshakes& handshakes() { return handshakes_; }
  // Of this core, handshakes and introductions included.
  [[nodiscard]] std::size_t connections_open() const {
    return connections_.open() + handshakes_.open() + introductions_.open();
  }

 private:
  class Door;

  void on_introduced(Introduced connection) override;
  void on_no_introduction(const io::SocketAddress& proxy) override;

  [[nodiscard]] Result<void> open_doors();
  void on_last_call(MonotonicTime /*now*/) { finish(); }
  void pause_if_full();
  void on_look(MonotonicTime /*now*/) {}  // The turn does the rest.
  void retire(std::size_t count, bool by_descriptors);
  // A client has come: it may have another connection, or is sent away.
  void admit(io::UniqueFd socket, const io::SocketAddress& client, Security security);
  void serve(io::UniqueFd socket, protocol::Peer peer, Security security);

  protocol::Connections& connections_;
  model::CoreCounters& counters_;
  std::size_t counted_ = 0;  // Of connections_open(), brought to the server's total.
  std::size_t cores_;
  security::Admission& admission_;
  net::IpPrefixSet proxies_;  // Whose connections begin with a header of the PROXY protocol.
  Handshakes handshakes_;
  Introductions introductions_;
  std::vector<std::unique_ptr<Door>> doors_;
  io::Timer last_call_ = io::Timer::calling<&Listener::on_last_call>(*this);
  // While it is full: connections of other cores end without a word.
  io::Timer look_ = io::Timer::calling<&Listener::on_look>(*this);
  MonotonicTime retired_at_{};
  bool started_ = false;
  bool paused_ = false;
  bool finished_ = false;
};

}  // namespace pear::data::listener
