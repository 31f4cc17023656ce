#include "load/tcp_wire.h"

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "io/clock.h"
#include "io/socket.h"
#include "load/http1_client.h"
#include "load/http2_client.h"

namespace pear::load {

using io::IoEvents;
using io::Transfer;
using io::tls::Application;

namespace {

Failure connect_failure(int os_errno) {
  if (os_errno == ECONNREFUSED) return Failure::Refused;
  // A listener's full queue, or a server that ended between its accept and our first byte.
  if (os_errno == ECONNRESET) return Failure::Reset;
  return Failure::Unreachable;
}

}  // namespace

TcpWire::~TcpWire() {
  kit_.reactor.remove(*this);
}

// ---- Opening.

void TcpWire::open() {
  auto connected = io::start_connect(kit_.options.address);
  if (!connected) return end(connect_failure(connected.error().os_errno));
  socket_ = *std::move(connected);
  if (!kit_.reactor.add(*this, socket_.get(), IoEvents::read_write(), io::Reactor::Trigger::Edge)) {
    end(Failure::Unreachable);
  }
}

void TcpWire::on_io(IoEvents events) {
  // Its end may have come together with its last bytes: no event tells of it again.
  if (events.peer_closed()) peer_closed_ = true;
  switch (phase_) {
    case Phase::Connecting:
      if (events.writable()) on_connected();
      return;
    case Phase::Handshaking:
      return shake_hands();
    case Phase::Open:
      if (events.writable()) blocked_ = false;
      if (events.readable()) read();
      owner_.on_progress();
      return;
    case Phase::Gone:
      return;
  }
}

void TcpWire::on_connected() {
  const auto connected = io::finish_connect(socket_.get());
  if (!connected) return end(connect_failure(connected.error().os_errno));
  if (kit_.tls == nullptr) {
    stream_.emplace(std::move(socket_));
    speak(kit_.options.http == HttpVersion::Http2 ? Application::Http2 : Application::Http11);
    owner_.on_open(Handshake::None);
    return;
  }
  kit_.workspace->set_wall_time(io::wall_time());
  session_ = io::tls::Session::connect(*kit_.tls, kit_.options.server_name, *kit_.workspace);
  if (session_ == nullptr) return end(Failure::Handshake, "no memory for TLS");
  phase_ = Phase::Handshaking;
  shake_hands();
}

void TcpWire::shake_hands() {
  switch (session_->handshake(socket_.get())) {
    case io::tls::Session::Progress::WouldBlock:
      return;
    case io::tls::Session::Progress::Failed:
      return end(Failure::Handshake, session_->problem());
    case io::tls::Session::Progress::Done:
      break;
  }
  const Application application = session_->application();
  if (kit_.options.http == HttpVersion::Http2 && application != Application::Http2) {
    return end(Failure::Handshake, "the server does not speak HTTP/2");
  }
  const Handshake handshake = session_->resumed() ? Handshake::Resumed : Handshake::Full;
  stream_.emplace(std::move(socket_), std::move(session_));
  speak(application);
  owner_.on_open(handshake);
  // The first bytes of the server may have come with the end of its handshake.
  read();
  owner_.on_progress();
}

void TcpWire::speak(Application application) {
  phase_ = Phase::Open;
  if (application == Application::Http2) {
    protocol_ = std::make_unique<Http2Client>(owner_);
  } else {
    protocol_ = std::make_unique<Http1Client>(owner_);
  }
}

// ---- Requests.

std::uint32_t TcpWire::requests_max() const {
  if (phase_ == Phase::Gone) return 0;
  return protocol_ == nullptr ? Plan::kStreamsMax : protocol_->requests_max();
}

Wire::Begun TcpWire::request(http::RequestTag tag, const PreparedRequest& request) {
  if (phase_ == Phase::Gone) return Begun::Never;
  if (phase_ != Phase::Open) return Begun::Later;
  return protocol_->request(tag, request) ? Begun::Yes : Begun::Never;
}

bool TcpWire::cancel(http::RequestTag tag) {
  return protocol_ != nullptr && protocol_->cancel(tag);
}

// ---- Bytes.

void TcpWire::flush() {
  if (phase_ != Phase::Open || blocked_) return;
  if (stream_->has_unsent() && stream_->flush().status != Transfer::Status::Done) {
    blocked_ = true;
    return;
  }
  while (true) {
    const std::string_view output = protocol_->output();
    if (output.empty()) return;
    const Transfer sent = stream_->send(std::span<const char>(output));
    if (sent.status != Transfer::Status::Done) {
      // Without room; or it is closed, and what the server said before that (413) comes with an
      // event, as does its end.
      blocked_ = true;
      return;
    }
    traffic_.sent += sent.bytes;
    protocol_->drop(sent.bytes);
    if (stream_->has_unsent()) {
      blocked_ = true;
      return;
    }
  }
}

void TcpWire::read() {
  const std::span<char> buffer = kit_.reactor.read_buffer();
  while (phase_ == Phase::Open && take(stream_->receive(buffer))) {
  }
}

bool TcpWire::take(const Transfer& got) {
  using Received = ClientProtocol::Received;
  switch (got.status) {
    case Transfer::Status::Done:
      break;
    case Transfer::Status::WouldBlock:
      return false;
    case Transfer::Status::Ended:
      protocol_->receive_end();
      end(Failure::Reset);
      return false;
    case Transfer::Status::Failed:
      end(got.os_errno == EPROTO ? Failure::BadAnswer : Failure::Reset);
      return false;
  }
  traffic_.received += got.bytes;
  switch (protocol_->receive(kit_.reactor.read_buffer().first(got.bytes))) {
    case Received::GoesOn:
      return !got.drained || peer_closed_;
    case Received::Over:
      end(Failure::Reset);
      return false;
    case Received::Aborted:
      end(Failure::Aborted);
      return false;
    case Received::Broken:
      end(Failure::BadAnswer);
      return false;
  }
  PEAR_UNREACHABLE("what was received comes to one of four things");
}

void TcpWire::end(Failure why, std::string_view problem) {
  if (phase_ == Phase::Gone) return;
  phase_ = Phase::Gone;
  kit_.reactor.remove(*this);
  owner_.on_gone(why, problem);
}

// A reset leaves no TIME_WAIT behind, of which a run with a connection for each request would soon
// have used up all ports.
void TcpWire::close() {
  phase_ = Phase::Gone;
  kit_.reactor.remove(*this);
  if (stream_) {
    io::reset_on_close(stream_->fd());
  } else if (socket_.is_open()) {
    io::reset_on_close(socket_.get());
  }
}

Wire::Traffic TcpWire::take_traffic() {
  return std::exchange(traffic_, {});
}

}  // namespace pear::load
