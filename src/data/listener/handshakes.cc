#include "data/listener/handshakes.h"

#include <utility>

#include "io/socket.h"

namespace pear::data::listener {

using io::tls::Session;

namespace {

// A handshake that is under way when a drain begins has so long: a round trip or two.
constexpr std::chrono::milliseconds kLastMoment{500};

}  // namespace

Handshake::Handshake(Handshakes& owner, io::UniqueFd socket, std::unique_ptr<Session> session,
                     protocol::Peer peer)
    : owner_(owner),
      socket_(std::move(socket)),
      session_(std::move(session)),
      peer_(std::move(peer)) {}

bool Handshake::open() {
  const auto watched = owner_.parts_.reactor.add(*this, socket_.get(), io::IoEvents::read_write(),
                                                 io::Reactor::Trigger::Edge);
  if (!watched) return false;
  owner_.parts_.reactor.timers().arm(timer_, owner_.parts_.reactor.now() + owner_.parts_.timeout);
  return true;
}

void Handshake::on_io(io::IoEvents events) {
  if (closed_) return;
  if (!events.readable() && !session_->has_unsent()) return;  // The client speaks first.
  if (!owner_.take_step()) return owner_.parts_.reactor.run_again(*this, events);
  switch (session_->handshake(socket_.get())) {
    case Session::Progress::WouldBlock:
      if (events.broken()) close();
      return;
    case Session::Progress::Failed:
      owner_.parts_.counters.tls_failures.add();
      return close();
    case Session::Progress::Done:
      break;
  }
  owner_.parts_.counters.tls_handshakes.add();
  // TLS 1.3 says nothing after the client's Finished until there is a response; where the request
  // has not come with it, the client may wait for our word (Nagle's algorithm).
  if (!session_->has_unread()) io::acknowledge_now(socket_.get());
  if (session_->resumed()) owner_.parts_.counters.tls_resumed.add();
  owner_.parts_.reactor.remove(*this);
  owner_.parts_.connections.add(io::tls::ByteStream(std::move(socket_), std::move(session_)),
                                std::move(peer_));
  close();
}

void Handshake::on_timer(MonotonicTime /*now*/) {
  owner_.parts_.counters.timeouts.add();
  close();
}

void Handshake::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  owner_.parts_.reactor.remove(*this);
  session_.reset();
  socket_.reset();
  base::ListHook<Handshake>::unlink();
  owner_.closed_.push_back(*this);
  owner_.parts_.reactor.defer(owner_.free_closed_);
}

Handshakes::Handshakes(const Parts& parts) : parts_(parts), handshakes_(parts.handshakes_max) {}

Handshakes::~Handshakes() {
  close_all();
  free_closed();
}

void Handshakes::add(io::UniqueFd socket, protocol::Peer peer) {
  if (contexts_ == nullptr) return;
  auto session = Session::accept(contexts_, parts_.connections.tls_workspace());
  if (session == nullptr) return;
  Handshake* const handshake =
      handshakes_.create(*this, std::move(socket), std::move(session), std::move(peer));
  if (handshake == nullptr) return;
  if (!handshake->open()) {
    handshakes_.destroy(*handshake);
    return;
  }
  alive_.push_back(*handshake);
}

bool Handshakes::take_step() {
  const MonotonicTime now = parts_.reactor.now();
  if (std::exchange(turn_, now) != now) steps_left_ = kStepsOfTurn;
  return steps_left_-- > 0;
}

void Handshakes::drain() {
  for (Handshake& handshake : alive_) {
    parts_.reactor.timers().arm(handshake.timer_, parts_.reactor.now() + kLastMoment);
  }
}

void Handshakes::close_all() {
  while (Handshake* const handshake = alive_.front()) handshake->close();
}

void Handshakes::free_closed() {
  while (Handshake* const handshake = closed_.pop_front()) handshakes_.destroy(*handshake);
}

}  // namespace pear::data::listener
