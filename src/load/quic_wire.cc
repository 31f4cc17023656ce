#include "load/quic_wire.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <sys/random.h>

#include "base/assert.h"
#include "io/clock.h"

namespace pear::load {
namespace {

// QUIC's packets are no larger here: see http3::TransportOptions.
constexpr std::size_t kDatagramBytesMax = 1500;
// CRYPTO_ERROR of RFC 9001, section 4.8: an alert of TLS.
constexpr std::uint64_t kCryptoErrors = 0x100;
constexpr std::uint64_t kCryptoErrorsEnd = 0x200;

// The transport wants to know the two ends of its path. It has one socket to one server, for which
// any two names will do.
constexpr http3::Address kHere{.ip = {127, 0, 0, 1}, .port = 1};
constexpr http3::Address kThere{.ip = {127, 0, 0, 1}, .port = 2};

http3::Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_handshake_error(const std::optional<http3::Transport::Error>& error) {
  return error && !error->of_application && error->code >= kCryptoErrors &&
         error->code < kCryptoErrorsEnd;
}

}  // namespace

QuicWire::QuicWire(WireKit& kit, WireOwner& owner)
    : kit_(kit), owner_(owner), timeout_(io::Timer::calling<&QuicWire::on_timeout>(*this)) {}

QuicWire::~QuicWire() {
  kit_.reactor.remove(*this);
}

// ---- Opening.

void QuicWire::open() {
  auto transport = open_socket() ? open_transport() : nullptr;
  if (transport == nullptr) {
    gone_ = true;
    owner_.on_gone(Failure::Unreachable, {});
    return;
  }
  session_.emplace(std::move(transport), owner_);
  // With a ticket, early data can be sent behind the first packet.
  send_all();
  advance();
}

bool QuicWire::open_socket() {
  const char* const any = kit_.options.address.is_ipv6() ? "::" : "0.0.0.0";
  auto fd = io::open_udp_socket(*io::SocketAddress::parse(any, 0), {});
  if (!fd) return false;
  auto socket = io::UdpSocket::adopt(*std::move(fd));
  if (!socket) return false;
  socket_.emplace(*std::move(socket));
  return kit_.reactor
      .add(*this, socket_->fd(), io::IoEvents::read_write(), io::Reactor::Trigger::Edge)
      .has_value();
}

std::unique_ptr<http3::Transport> QuicWire::open_transport() {
  auto start = kit_.tls->open_quic(kit_.options.server_name, io::wall_time());
  if (start.ssl == nullptr) return nullptr;
  ssl_ = start.ssl;
  std::array<std::uint8_t, http3::kIdBytes> id{};
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) id.fill(7);
  return http3::Transport::make(*kit_.quic,
                                {.id = id,
                                 .local = kHere,
                                 .peer = kThere,
                                 .ssl = start.ssl,
                                 .side = http3::Transport::Side::Client,
                                 .ticket = bytes_of(start.ticket),
                                 .ticket_parameters = bytes_of(start.ticket_parameters)});
}

// ---- Requests.

std::uint32_t QuicWire::requests_max() const {
  return gone_ || !session_ || session_->going_away() ? 0 : Plan::kStreamsMax;
}

Wire::Begun QuicWire::request(http::RequestTag tag, const PreparedRequest& request) {
  if (gone_) return Begun::Never;
  switch (session_->request(tag, request.fields, request.body)) {
    case http3::ClientSession::Begun::Yes:
      return Begun::Yes;
    case http3::ClientSession::Begun::Later:
      return Begun::Later;
    case http3::ClientSession::Begun::Never:
      return Begun::Never;
  }
  PEAR_UNREACHABLE("a request begins, later or never");
}

bool QuicWire::cancel(http::RequestTag tag) {
  session_->cancel(tag);
  return true;
}

// ---- Datagrams and time.

void QuicWire::on_io(io::IoEvents events) {
  if (gone_) return;
  if (events.writable() && !unsent_.empty()) {
    const std::vector<std::uint8_t> train = std::exchange(unsent_, {});
    static_cast<void>(send(train, unsent_segment_));
  }
  if (events.readable()) {
    io::Received received;
    do {
      received = socket_->receive(*kit_.datagrams, [this](const io::Datagram& datagram) {
        traffic_.received += datagram.bytes.size();
        session_->transport().receive(datagram.bytes, kThere, kHere);
      });
    } while (!received.drained);
    advance();
  }
  if (!gone_) owner_.on_progress();
}

void QuicWire::on_timeout(MonotonicTime) {
  session_->transport().on_timeout();
  advance();
  if (!gone_) owner_.on_progress();
}

void QuicWire::advance() {
  const std::span<char> room = kit_.reactor.read_buffer();
  session_->advance({reinterpret_cast<std::uint8_t*>(room.data()), room.size()});
  const http3::Transport::State state = session_->transport().state();
  if (state.established && !established_) {
    established_ = true;
    owner_.on_open(state.early_taken ? Handshake::Early
                   : state.resumed   ? Handshake::Resumed
                                     : Handshake::Full);
  }
  if (session_->over()) end();
}

void QuicWire::flush() {
  if (gone_) return;
  send_all();
  arm_timeout();
}

// A train is as many datagrams of one size as leave together; the last may be shorter.
void QuicWire::send_all() {
  http3::Transport& transport = session_->transport();
  const std::span<std::uint8_t> room = kit_.train;
  std::size_t used = 0;
  std::size_t segment = 0;
  while (unsent_.empty()) {
    const auto made = transport.send(room.subspan(used).first(kDatagramBytesMax));
    if (made.bytes == 0) break;
    if (used > 0 && made.bytes > segment) {  // Of another size: it begins the next train.
      if (!send(room.first(used), segment)) return;
      std::memmove(room.data(), room.data() + used, made.bytes);
      used = 0;
    }
    if (used == 0) segment = made.bytes;
    used += made.bytes;
    const bool full =
        used + kDatagramBytesMax > room.size() || used >= segment * io::UdpSocket::kSegmentsMax;
    if (made.bytes < segment || full) {
      if (!send(room.first(used), segment)) return;
      used = 0;
    }
  }
  if (used > 0) static_cast<void>(send(room.first(used), segment));
}

bool QuicWire::send(std::span<const std::uint8_t> train, std::size_t segment) {
  const io::Sent sent =
      socket_->send({.bytes = train, .segment = segment, .from = {}, .to = kit_.options.address});
  traffic_.sent += sent.bytes;
  // What fails is lost, as on any path: QUIC notices.
  if (sent.status != io::Sent::Status::WouldBlock) return true;
  unsent_.assign(train.begin() + static_cast<std::ptrdiff_t>(sent.bytes), train.end());
  unsent_segment_ = segment;
  return false;
}

void QuicWire::arm_timeout() {
  const auto left = session_->transport().timeout();
  if (!left) {
    timeout_.cancel();
    return;
  }
  kit_.reactor.timers().arm(timeout_, io::now() + *left);
}

// ---- The end.

void QuicWire::end() {
  if (gone_) return;
  gone_ = true;
  timeout_.cancel();
  send_all();  // CONNECTION_CLOSE, where it is ours.
  const http3::Transport& transport = session_->transport();
  const auto from_peer = transport.peer_error();
  const auto ours = transport.local_error();
  if (!established_) {
    const bool refused = is_handshake_error(from_peer) || is_handshake_error(ours);
    return owner_.on_gone(refused ? Failure::Handshake : Failure::Unreachable, handshake_problem());
  }
  if (ours && !transport.state().timed_out) return owner_.on_gone(Failure::BadAnswer, {});
  const bool in_order =
      !from_peer || (from_peer->of_application &&
                     from_peer->code == std::to_underlying(http3::ErrorCode::NoError));
  owner_.on_gone(in_order ? Failure::Reset : Failure::Aborted, {});
}

std::string_view QuicWire::handshake_problem() const {
  using io::tls::AlertOf;
  const http3::Transport& transport = session_->transport();
  for (const auto& [error, side] : {std::pair(transport.local_error(), AlertOf::Us),
                                    std::pair(transport.peer_error(), AlertOf::Peer)}) {
    if (!is_handshake_error(error)) continue;
    const auto alert = static_cast<std::uint8_t>(error->code - kCryptoErrors);
    return io::tls::ClientContext::quic_problem(*ssl_, alert, side);
  }
  return {};
}

bool QuicWire::awaits_ticket() const {
  if (gone_) return false;
  switch (kit_.options.tls.resumption) {
    case Resumption::Never:
      return false;
    case Resumption::Tickets:
      return !kit_.tls->has_ticket();
    case Resumption::EarlyData:
      return kit_.tls->tickets() < kit_.options.connections;
  }
  return false;
}

void QuicWire::close() {
  if (gone_ || !session_) return;
  session_->transport().close(std::to_underlying(http3::ErrorCode::NoError));
  send_all();
  gone_ = true;
  timeout_.cancel();
  kit_.reactor.remove(*this);
}

Wire::Traffic QuicWire::take_traffic() {
  return std::exchange(traffic_, {});
}

}  // namespace pear::load
