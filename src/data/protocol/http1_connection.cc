#include "data/protocol/http1_connection.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/protocol/http1_connections.h"

namespace pear::data::protocol {

namespace {

// When a drain begins, a client that asks nothing just now may be about to: it has so long.
constexpr std::chrono::milliseconds kLastWord{250};

}  // namespace

Http1Connection::Http1Connection(Http1Connections& owner, io::tls::ByteStream stream, Peer peer)
    : owner_(owner),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      unsent_(owner.shared_.chunks),
      kept_(owner.shared_.chunks) {}

Http1Connection::~Http1Connection() {
  PEAR_ASSERT(request_ == nullptr, "a connection is closed before it is freed");
}

bool Http1Connection::open() {
  const auto watched = owner_.shared_.reactor.add(*this, stream_.fd(), io::IoEvents::read_write(),
                                                  io::Reactor::Trigger::Edge);
  if (!watched) return false;
  wait_for(Waiting::Head);
  // What came with the end of the handshake is told by no event.
  if (stream_.session() != nullptr) owner_.shared_.reactor.run_again(*this, io::IoEvents::read());
  return true;
}

void Http1Connection::on_io(io::IoEvents events) {
  if (closed_) return;
  if (events.broken()) return close();
  if (events.peer_closed()) peer_closing_ = true;
  if (events.writable() && (!all_sent() || waiting_ == Waiting::Write)) write();
  if (!closed_ && events.readable()) {
    readable_ = true;
    resume();
  }
  if (draining_) end_if_idle();
}

void Http1Connection::on_response(Exchange& /*exchange*/) {
  write();
}

void Http1Connection::on_request_room(Exchange& /*exchange*/) {
  resume();
}

void Http1Connection::drain() {
  draining_ = true;
  end_if_idle();
}

bool Http1Connection::idle() const {
  return !closed_ && !lingering_ && request_ == nullptr && all_sent();
}

// The kernel may hold a request that nobody has read: closing now would throw it away.
void Http1Connection::end_if_idle() {
  if (!idle()) return;
  readable_ = true;
  resume();
  if (!idle()) return;
  if (waiting_ != Waiting::LastWord) wait_for(Waiting::LastWord);
}

void Http1Connection::wait_for(Waiting what) {
  const config::HttpLimits& limits = owner_.shared_.settings.http;
  const MonotonicTime now = owner_.shared_.path.now();
  waiting_ = what;
  if (request_ != nullptr && what != Waiting::Body) request_->pace.rest(now);
  MonotonicTime at = MonotonicTime::max();
  std::chrono::milliseconds time{};
  switch (what) {
    case Waiting::Nothing:
      return timer_.cancel();
    case Waiting::Head:
      time = limits.header_timeout;
      break;
    case Waiting::Idle:
      time = limits.idle_timeout;
      owner_.rests(*this);
      break;
    case Waiting::Body:
      time = limits.body_timeout;
      at = pace_deadline();
      request_->paced = at < now + time;
      break;
    case Waiting::Write:
      time = limits.write_timeout;
      break;
    case Waiting::Linger:
      time = limits.linger_timeout;
      at = linger_until_;
      break;
    case Waiting::LastWord:
      time = kLastWord;
      break;
  }
  owner_.shared_.reactor.timers().arm(timer_, std::min(at, now + time));
}

// When the client will have been too slow with its body. Once the response has begun: never.
MonotonicTime Http1Connection::pace_deadline() {
  const Exchange* const exchange = request_->exchange;
  if (exchange == nullptr || exchange->response.head_ready) return MonotonicTime::max();
  request_->pace.wait(owner_.shared_.path.now());
  return request_->pace.deadline(exchange->request_bytes, owner_.shared_.settings.http);
}

void Http1Connection::on_timer(MonotonicTime /*now*/) {
  switch (std::exchange(waiting_, Waiting::Nothing)) {
    case Waiting::Nothing:
      return;
    case Waiting::Head:
      owner_.shared_.counters.timeouts.add();
      if (request_ == nullptr || !request_->head.started()) return close();
      return refuse({.status = 408, .reason = "the request's header did not come in time"});
    case Waiting::Body:
      if (request_->paced && request_->exchange->response.head_ready)
        return wait_for(Waiting::Body);
      owner_.shared_.counters.timeouts.add();
      return refuse_body({.status = 408, .reason = "the request's body did not come in time"});
    case Waiting::Idle:
      owner_.shared_.counters.timeouts.add();
      return leave();
    case Waiting::Write:
      owner_.shared_.counters.timeouts.add();
      return close();
    case Waiting::LastWord:
      return leave();
    case Waiting::Linger:
      return close();
  }
}

void Http1Connection::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  owner_.shared_.reactor.remove(*this);
  if (request_ != nullptr) {
    if (Exchange* const exchange = std::exchange(request_->exchange, nullptr)) {
      owner_.shared_.path.close(*exchange);
    }
    owner_.requests_.destroy(*std::exchange(request_, nullptr));
  }
  unsent_.clear();
  kept_.clear();
  stream_.close();
  base::ListHook<Http1Connection>::unlink();
  owner_.closed_.push_back(*this);
  owner_.shared_.reactor.defer(owner_.free_closed_);
}

void Http1Connection::leave() {
  stream_.say_goodbye();
  close();
}

}  // namespace pear::data::protocol
