#include "data/listener/listener.h"

#include <algorithm>
#include <utility>

#include "io/socket.h"

namespace pear::data::listener {

using security::Admission;

namespace {

// From accept to the end of a PROXY header, if http.header_timeout is no shorter: the proxy sends
// it with its first packet. The protocol's document asks for 3 s, so that a lost one is sent again.
constexpr std::chrono::milliseconds kIntroduction{5'000};

// From the last SYN that was answered to the end of its handshake. A connection whose way takes
// longer is reset before anything was read of it.
constexpr std::chrono::milliseconds kLastCall{25};

}  // namespace

// One listening socket, and what is spoken behind it.
class Listener::Door final : public io::ConnectionSink {
 public:
  Door(Listener& listener, io::Reactor& reactor, io::UniqueFd socket, Security security)
      : listener_(listener), security_(security), acceptor_(reactor, std::move(socket), *this) {}

  void on_connection(io::UniqueFd socket, const io::SocketAddress& peer) override {
    listener_.counters_.connections_accepted.add();
    if (listener_.proxies_.contains(peer.ip_address())) {
      listener_.introductions_.add(std::move(socket), peer, security_);
    } else {
      listener_.admit(std::move(socket), peer, security_);
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

Listener::Listener(const Parts& parts)
    : connections_(parts.handshakes.connections),
      counters_(parts.handshakes.counters),
      connections_max_(parts.settings.http.connections_max),
      admission_(parts.admission),
      proxies_(parts.settings.proxy_protocol),
      handshakes_(parts.handshakes),
      introductions_({.reactor = parts.handshakes.reactor,
                      .counters = parts.handshakes.counters,
                      .sink = *this,
                      .timeout = std::min(kIntroduction, parts.settings.http.header_timeout),
                      .connections_max = parts.settings.http.connections_max}) {}

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
  last_call_.cancel();
  for (const auto& door : doors_) door->acceptor().finish();
}

void Listener::drain() {
  bool waits = false;
  for (const auto& door : doors_) {
    io::Acceptor& acceptor = door->acceptor();
    // The keeper's sockets are opened so, those of systemd are not, or `ReusePort=` says so.
    if (io::shares_port(acceptor.fd()) && io::turn_away(acceptor.fd())) {
      waits = true;
    } else {
      acceptor.finish();
    }
  }
  if (waits) {
    io::Reactor& reactor = handshakes_.reactor();
    reactor.timers().arm(last_call_, reactor.now() + kLastCall);
  } else {
    finish();
  }
  handshakes_.drain();
  introductions_.drain();
}

void Listener::close_all() {
  introductions_.close_all();
  handshakes_.close_all();
}

void Listener::on_introduced(Introduced connection) {
  if (connection.client.family() != AF_UNSPEC) {
    return admit(std::move(connection.socket), connection.client, connection.security);
  }
  // The proxy speaks for itself, or for many that have no name.
  serve(std::move(connection.socket), {.address = connection.proxy, .place = {}},
        connection.security);
}

void Listener::on_no_introduction(const io::SocketAddress& proxy) {
  admission_.refuse(model::ConnectionRefusal::ProxyHeader, proxy.ip_address());
}

void Listener::admit(io::UniqueFd socket, const io::SocketAddress& client, Security security) {
  const auto handshake =
      security == Security::Tls ? Admission::Handshake::Comes : Admission::Handshake::None;
  auto place = admission_.admit(client.ip_address(), handshake);
  if (!place) return io::reset_on_close(socket.get());  // Leaves nothing behind in the kernel.
  serve(std::move(socket), {.address = client, .place = *std::move(place)}, security);
}

void Listener::serve(io::UniqueFd socket, protocol::Peer peer, Security security) {
  switch (security) {
    case Security::Plain:
      return connections_.add(io::tls::ByteStream(std::move(socket)), std::move(peer));
    case Security::Tls:
      return handshakes_.add(std::move(socket), std::move(peer));
  }
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
