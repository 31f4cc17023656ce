#include "data/listener/listener.h"

#include <utility>

namespace pear::data::listener {

// One listening socket, and what is spoken behind it.
class Listener::Door final : public io::ConnectionSink {
 public:
  Door(Listener& listener, io::Reactor& reactor, io::UniqueFd socket, Security security)
      : listener_(listener), security_(security), acceptor_(reactor, std::move(socket), *this) {}

  void on_connection(io::UniqueFd socket, const io::SocketAddress& peer) override {
    listener_.counters_.connections_accepted.add();
    switch (security_) {
      case Security::Plain:
        listener_.connections_.add(io::tls::ByteStream(std::move(socket)), peer);
        break;
      case Security::Tls:
        listener_.handshakes_.add(std::move(socket), peer);
        break;
    }
    listener_.pause_if_full();
  }
  void on_accept_failure(int /*os_errno*/) override { listener_.counters_.accept_paused.add(); }

  [[nodiscard]] io::Acceptor& acceptor() { return acceptor_; }
  // Begins to accept, if it may and has not yet.
  [[nodiscard]] Result<void> open() {
    if (open_ || (security_ == Security::Tls && !listener_.handshakes_.ready())) return {};
    open_ = true;
    return acceptor_.start();
  }

 private:
  Listener& listener_;
  Security security_;
  io::Acceptor acceptor_;
  bool open_ = false;
};

Listener::Listener(protocol::Connections& connections, const Handshakes::Parts& parts)
    : connections_(connections),
      counters_(parts.counters),
      connections_max_(parts.handshakes_max),
      handshakes_(parts) {}

Listener::~Listener() = default;

void Listener::add(io::UniqueFd socket, Security security) {
  doors_.push_back(
      std::make_unique<Door>(*this, handshakes_.reactor(), std::move(socket), security));
}

Result<void> Listener::start() {
  if (std::exchange(started_, true)) return {};
  return open_doors();
}

Result<void> Listener::use(std::shared_ptr<const io::tls::ServerContexts> contexts) {
  handshakes_.use(std::move(contexts));
  return started_ ? open_doors() : Result<void>();
}

Result<void> Listener::open_doors() {
  if (finished_) return {};
  for (const auto& door : doors_) PEAR_TRY(door->open());
  return {};
}

void Listener::finish() {
  finished_ = true;
  for (const auto& door : doors_) door->acceptor().finish();
}

void Listener::pause_if_full() {
  if (paused_ || connections_open() < connections_max_) return;
  paused_ = true;
  counters_.accept_paused.add();
  for (const auto& door : doors_) door->acceptor().pause();
}

void Listener::resume_if_room() {
  if (!paused_ || finished_ || connections_open() >= connections_max_) return;
  paused_ = false;
  for (const auto& door : doors_) door->acceptor().resume();
}

}  // namespace pear::data::listener
