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

std::chrono::milliseconds introduction_timeout(const config::ServerSettings& settings) {
  return std::min(kIntroduction, settings.http.header_timeout);
}

// From the last SYN that was answered to the end of its handshake. A connection whose way takes
// longer is reset before anything was read of it.
constexpr std::chrono::milliseconds kLastCall{25};

// An idle connection that is told to go is gone after one or two round trips of 250 ms.
constexpr std::chrono::milliseconds kRetirePeriod{600};
constexpr std::chrono::milliseconds kLookPeriod{50};
constexpr std::size_t kRetiredWithoutDescriptors = 32;

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
  void on_accept_failure(int /*os_errno*/) override {
    listener_.counters_.accept_paused.add();
    listener_.retire(kRetiredWithoutDescriptors, true);
  }

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
      cores_(parts.cores),
      admission_(parts.admission),
      proxies_(parts.settings.proxy_protocol),
      handshakes_(parts.handshakes),
      introductions_({.reactor = parts.handshakes.reactor,
                      .counters = parts.handshakes.counters,
                      .sink = *this,
                      .timeout = introduction_timeout(parts.settings),
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

void Listener::use_settings(const config::ServerSettings& settings) {
  proxies_ = net::IpPrefixSet(settings.proxy_protocol);
  handshakes_.set_timeout(settings.tls.handshake_timeout);
  introductions_.set_timeout(introduction_timeout(settings));
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
  security::ConnectionTotal& total = admission_.total();
  const std::size_t mine = connections_open();
  const std::size_t all = total.bring(std::exchange(counted_, mine), mine);
  if (paused_ || all < total.max()) return;
  paused_ = true;
  counters_.accept_paused.add();
  for (const auto& door : doors_) door->acceptor().pause();
}

// The longest idle of each core go, as many of each: which of them is the longest idle of all
// nobody knows without asking the others.
void Listener::retire(std::size_t count, bool by_descriptors) {
  retired_at_ = handshakes_.reactor().now();
  const std::size_t retired = connections_.retire_idle(count);
  counters_.connections_retired.add(retired);
  const security::ConnectionTotal& total = admission_.total();
  admission_.notices().crowded({.open = total.open(),
                                .max = total.max(),
                                .retired = retired,
                                .by_descriptors = by_descriptors});
}

void Listener::make_room() {
  security::ConnectionTotal& total = admission_.total();
  const std::size_t mine = connections_open();
  const std::size_t all = total.bring(std::exchange(counted_, mine), mine);
  const MonotonicTime now = handshakes_.reactor().now();
  const std::size_t excess = security::ConnectionTotal::excess(all, total.max());
  // Those that were told are given the time to go.
  if (excess > 0 && now - retired_at_ >= kRetirePeriod)
    retire((excess + cores_ - 1) / cores_, false);
  if (!paused_ || finished_) return;
  if (all >= total.max()) {
    if (!look_.armed()) handshakes_.reactor().timers().arm(look_, now + kLookPeriod);
    return;
  }
  paused_ = false;
  for (const auto& door : doors_) door->acceptor().resume();
}

}  // namespace pear::data::listener
