// Acceptor: takes connections from a listener, a batch each turn, and stops taking them when the
// process has no room for more.
//
// It stops by itself when the kernel has no descriptors or memory (EMFILE, ENFILE, ENOBUFS,
// ENOMEM): the listener leaves the epoll set, so that the loop does not spin over it, and is tried
// again after 100 ms. Connections wait in the backlog meanwhile.
//
// Thread: core-local.
// Memory: in place. Owns the listening socket.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/result.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/socket_address.h"
#include "io/timer_wheel.h"
#include "io/unique_fd.h"

namespace pear::io {

// Where an acceptor's connections go.
class ConnectionSink {
 public:
  ConnectionSink() = default;
  virtual ~ConnectionSink() = default;
  ConnectionSink(const ConnectionSink&) = delete;
  ConnectionSink& operator=(const ConnectionSink&) = delete;
  ConnectionSink(ConnectionSink&&) = delete;
  ConnectionSink& operator=(ConnectionSink&&) = delete;

  // The socket does not block, has TCP_NODELAY and is closed on exec. May pause or stop acceptors.
  virtual void on_connection(UniqueFd socket, const SocketAddress& peer) = 0;

  // The acceptor stopped taking connections for a while, because of `os_errno`.
  virtual void on_accept_failure(int os_errno) = 0;
};

class Acceptor final : private IoHandler {
 public:
  struct Options {
    std::uint32_t batch = TurnBudget::kAccepts;  // Connections taken in one turn.
    std::chrono::milliseconds retry{100};        // After the kernel had no room.
  };

  // `reactor` and `sink` must outlive the acceptor.
  Acceptor(Reactor& reactor, UniqueFd listener, ConnectionSink& sink);
  Acceptor(Reactor& reactor, UniqueFd listener, ConnectionSink& sink, const Options& options);
  ~Acceptor() override;

  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  Acceptor(Acceptor&&) = delete;
  Acceptor& operator=(Acceptor&&) = delete;

  // Begins to take connections. Called once. Errors: OsError.
  [[nodiscard]] Result<void> start();

  // No more connections until resume(): the caller has as many as it may have. Takes effect at
  // once, within a batch too.
  void pause();
  void resume();

  // No more connections, ever. The listener stays open, and what its backlog holds waits for
  // whoever else has the socket (the process that comes after this one), until the acceptor is
  // destroyed.
  void stop();

  // The last of it: takes what waits in the backlog, however much, and closes the listener. Who
  // comes later is refused, unless another process has the socket too. Not from within
  // on_connection().
  void finish();

  // What the listener is bound to. Errors: OsError.
  [[nodiscard]] Result<SocketAddress> address() const {
    return SocketAddress::of_socket(listener_.get());
  }
  [[nodiscard]] int fd() const { return listener_.get(); }
  [[nodiscard]] bool accepting() const { return state_ == State::Accepting; }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  // How often the kernel had no room.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  enum class State : std::uint8_t {
    Stopped,
    Accepting,
    Paused,    // By the caller.
    Retrying,  // By the kernel; the timer runs.
  };

  // Full: more may wait.
  enum class Batch : std::uint8_t { Short, Full };

  void on_io(IoEvents events) override;
  Batch take_batch();
  void on_retry(MonotonicTime now);
  void enter(State state);
  [[nodiscard]] Result<void> watch();
  void retry_later();

  Reactor& reactor_;
  UniqueFd listener_;
  ConnectionSink& sink_;
  Options options_;
  State state_ = State::Stopped;
  std::uint64_t accepted_ = 0;
  std::uint64_t failures_ = 0;
  Timer retry_ = Timer::calling<&Acceptor::on_retry>(*this);
};

}  // namespace pear::io
