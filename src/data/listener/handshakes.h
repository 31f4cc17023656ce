// Handshakes: connections of one core whose TLS handshake is under way.
//
// A handshake costs a hundred times what a request does, so only so many steps are made in a turn:
// connections that are established go on meanwhile, and accepting does too.
//
// Thread: core-local.
// Memory: from a pool; each has a TLS session, which the connection takes over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "base/time.h"
#include "data/protocol/connections.h"
#include "data/protocol/peer.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"
#include "io/tls/server_contexts.h"
#include "io/tls/session.h"
#include "io/unique_fd.h"
#include "model/counters.h"

namespace pear::data::listener {

class Handshakes;

// One connection between accept and its first request.
class Handshake final : public io::IoHandler, public base::ListHook<Handshake> {
 public:
  Handshake(Handshakes& owner, io::UniqueFd socket, std::unique_ptr<io::tls::Session> session,
            protocol::Peer peer);

  // False: it cannot be watched.
  [[nodiscard]] bool open();
  void on_io(io::IoEvents events) override;

 private:
  friend class Handshakes;
  void on_timer(MonotonicTime now);
  void close();

  Handshakes& owner_;
  io::UniqueFd socket_;
  std::unique_ptr<io::tls::Session> session_;
  protocol::Peer peer_;
  io::Timer timer_ = io::Timer::calling<&Handshake::on_timer>(*this);
  bool closed_ = false;
};

class Handshakes {
 public:
  struct Parts {
    io::Reactor& reactor;
    protocol::Connections& connections;  // Where established connections go.
    model::CoreCounters& counters;
    std::chrono::milliseconds timeout;  // From accept to the handshake's end.
    std::size_t handshakes_max;
  };
  explicit Handshakes(const Parts& parts);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;
  Handshakes(Handshakes&&) = delete;
  Handshakes& operator=(Handshakes&&) = delete;

  // Whether there are certificates.
  [[nodiscard]] bool ready() const { return contexts_ != nullptr; }
  // What handshakes begin with from now on; those under way go on with what they have.
  void use(std::shared_ptr<const io::tls::ServerContexts> contexts) {
    contexts_ = std::move(contexts);
  }
  // Of handshakes that are to come.
  void set_timeout(std::chrono::milliseconds timeout) { parts_.timeout = timeout; }
  // Takes an accepted connection. Without certificates, or at the limit, it is closed.
  void add(io::UniqueFd socket, protocol::Peer peer);
  // The server is going away: clients that do not hurry now are not waited for.
  void drain();
  // Ends those that are under way.
  void close_all();

  [[nodiscard]] std::size_t open() const { return handshakes_.live(); }
  [[nodiscard]] io::Reactor& reactor() { return parts_.reactor; }

 private:
  friend class Handshake;
  static constexpr int kStepsOfTurn = 16;

  // Whether another step fits in this turn.
  [[nodiscard]] bool take_step();
  void free_closed();

  Parts parts_;
  std::shared_ptr<const io::tls::ServerContexts> contexts_;
  base::ObjectPool<Handshake> handshakes_;
  base::IntrusiveList<Handshake, Handshake> alive_;
  base::IntrusiveList<Handshake, Handshake> closed_;
  io::DeferredCall free_closed_ = io::DeferredCall::calling<&Handshakes::free_closed>(*this);
  MonotonicTime turn_{};
  int steps_left_ = 0;
};

}  // namespace pear::data::listener
