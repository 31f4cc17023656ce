#include "data/protocol/http3_connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/assert.h"
#include "data/protocol/http3_address.h"
#include "data/protocol/http3_connections.h"
#include "data/protocol/pacing.h"
#include "data/protocol/shared.h"
#include "io/new_file.h"

namespace pear::data::protocol {

using http3::Transport;

namespace {

// As for HTTP/2: what the client sent before it heard of the first step is on its way for so long.
constexpr std::chrono::milliseconds kRoundTrip{250};
// A connection that has served all goes on so long, so that what was lost is sent again.
constexpr std::chrono::milliseconds kLastPackets{500};

}  // namespace

Http3Connection::Http3Connection(Http3Connections& owner, Start& start)
    : owner_(owner), door_(&start.door), peer_(start.peer), place_(std::move(start.place)) {}

Http3Connection::~Http3Connection() {
  PEAR_ASSERT(session_ == nullptr, "a connection is closed before it is freed");
}

Shared& Http3Connection::shared() {
  return owner_.shared_;
}

bool Http3Connection::open(const Start& start) {
  tls_ = io::tls::QuicSession::accept(shared().contexts, shared().tls_workspace);
  if (tls_ == nullptr) return false;
  // After a Retry the client uses the id that it was given there: it stays ours.
  Http3Connections::Id id{};
  if (start.original.empty()) {
    id = owner_.make_id();
  } else {
    std::copy_n(start.destination.begin(), id.size(), id.begin());
  }
  auto transport =
      Transport::make(*owner_.transports_.back(), {.id = id,
                                                   .reset_token = shared().quic->reset_token(id),
                                                   .original = start.original,
                                                   .local = to_transport(start.local),
                                                   .peer = to_transport(start.peer),
                                                   .ssl = tls_->release()});
  if (transport == nullptr) return false;
  tls_->bind_early_data(owner_.transports_.back()->limits());
  if (!shared().settings.http3.qlog.empty()) write_qlog(*transport, id);
  session_ = std::make_unique<http3::ServerSession>(std::move(transport), *this, owner_.workspace_);
  numbers_ = {Http3Connections::number_of(id), shared().quic->number_of(start.destination)};
  for (const std::uint64_t number : numbers_) owner_.by_number_.emplace(number, this);
  ++owner_.handshakes_;
  wait_for(Waiting::Handshake);
  return true;
}

// Named after the id that packets of the client show. Best effort.
void Http3Connection::write_qlog(Transport& transport, std::span<const std::uint8_t> id) {
  const std::string name = fmt::format("{:02x}.sqlog", fmt::join(id, ""));
  io::UniqueFd file = io::create_file(shared().settings.http3.qlog / name);
  if (file.is_open()) transport.write_qlog(file.release());
}

// ---- Input.

void Http3Connection::receive(UdpDoor& door, const io::Datagram& datagram) {
  if (closed_) return;
  door_ = &door;
  transport().receive(datagram.bytes, to_transport(datagram.from), to_transport(datagram.to));
  write_later();
}

void Http3Connection::take_requests() {
  if (!closed_) session_->advance(shared().path.now());
}

void Http3Connection::on_open(const Transport::State& state) {
  tls_->on_established();
  early_ = state.early && !state.established;
  if (!state.established) return;
  established_ = true;
  --owner_.handshakes_;
  shared().counters.tls_handshakes.add();
  shared().counters.quic_handshakes.add();
  if (state.resumed) shared().counters.tls_resumed.add();
  if (waiting_ == Waiting::Handshake) wait_for(Waiting::FirstRequest);
  if (!take_place()) session_->close(http3::ErrorCode::ExcessiveLoad);
}

bool Http3Connection::take_place() {
  if (place_) return true;
  place_ = shared().admission.admit(peer_.ip_address(), security::Admission::Handshake::Comes);
  return place_.has_value();
}

Http3Stream* Http3Connection::open_stream(http3::StreamId id) {
  Http3Stream* const stream = Http3Stream::open(owner_.streams_, *this, id);
  if (stream == nullptr) return nullptr;
  // The transport remembers every stream that there ever was.
  if (++requests_ == shared().settings.http3.requests_per_connection_max) drain();
  return stream;
}

Origin Http3Connection::origin() {
  return {.shared = shared(), .tls = &tls_->facts(), .peer = peer_, .early = early_};
}

http3::StreamOwner* Http3Connection::on_request(http3::StreamId stream,
                                                const http::RequestHead& head, Body body) {
  Http3Stream* const opened = open_stream(stream);
  if (opened != nullptr) opened->begin(head, body, origin());
  return opened;
}

http3::StreamOwner* Http3Connection::on_refused(http3::StreamId stream,
                                                const http::Refusal& refusal) {
  shared().counters.protocol_errors.add();
  Http3Stream* const opened = open_stream(stream);
  if (opened != nullptr) opened->begin_refused(refusal, origin());
  return opened;
}

void Http3Connection::on_offence(http3::Offence offence) {
  static_assert(http3::kOffences <=
                std::tuple_size_v<decltype(model::CoreCounters::http3_offences)>);
  shared().counters.http3_offences[std::to_underlying(offence)].add();
  constexpr std::size_t kBehindHttp2 = 16;
  shared().notices.abuse({.place = kBehindHttp2 + std::to_underlying(offence),
                          .kind = http3::to_text(offence),
                          .protocol = "h3"},
                         peer_.ip_address());
}

void Http3Connection::on_stream_closed(Http3Stream& stream) {
  owner_.streams_.destroy(stream);
  if (!closed_) write_later();
}

// ---- Output.

void Http3Connection::write_later() {
  if (closed_ || base::ListHook<UnwrittenTag>::linked()) return;
  owner_.unwritten_.push_back(*this);
}

void Http3Connection::write() {
  base::ListHook<UnwrittenTag>::unlink();
  if (closed_) return;
  session_->advance(shared().path.now());
  renew_ids();
  follow_paths();
  send();
  if (transport().state().closed) return close();
  rest();
  arm_transport_timer();
}

// A train is as many datagrams of one size as go to one place; the last may be shorter.
void Http3Connection::send() {
  const std::span<char> room = shared().output();
  const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(room.data()), room.size());
  const std::size_t longest = owner_.datagram_bytes_max();
  std::size_t budget = io::TurnBudget::kWriteBytes;
  std::chrono::nanoseconds delay{};
  io::Outgoing train;
  std::size_t used = 0;
  http3::Address from;
  http3::Address to;
  const auto leave = [&](std::size_t bytes) {
    if (bytes == 0) return;
    train.bytes = out.first(bytes);
    train.from = to_socket(from);
    train.to = to_socket(to);
    door_->send(train);
  };
  while (budget > 0 && Pacing::goes_now(delay)) {
    const Transport::Outgoing made = transport().send(out.subspan(used));
    if (made.bytes == 0) break;
    budget -= std::min(budget, made.bytes);
    delay = made.delay;
    const bool joins =
        used > 0 && made.to == to && made.from == from && made.bytes <= train.segment;
    if (!joins && used > 0) {
      leave(used);
      std::ranges::copy(out.subspan(used, made.bytes), out.begin());
      used = 0;
    }
    if (used == 0) {
      from = made.from;
      to = made.to;
      train.segment = made.bytes;
    }
    used += made.bytes;
    const bool ends = made.bytes < train.segment || out.size() - used < longest ||
                      used + longest > io::UdpSocket::kTrainBytesMax;
    if (!ends) continue;
    leave(used);
    used = 0;
  }
  leave(used);
  // In the next turn: others first.
  const bool more = budget == 0 || session_->wants_advance();
  if (more || !Pacing::goes_now(delay)) {
    const MonotonicTime now = shared().path.now();
    paced_until_ = more ? now : Pacing::next(now, delay);
  }
}

// quiche's own timer, or the time at which pacing lets more go.
void Http3Connection::arm_transport_timer() {
  const MonotonicTime now = shared().path.now();
  const auto paced = std::exchange(paced_until_, MonotonicTime{});
  MonotonicTime at = paced;
  if (const auto left = transport().timeout()) {
    const MonotonicTime due = now + *left;
    if (at == MonotonicTime{} || due < at) at = due;
  }
  if (at == MonotonicTime{}) return transport_timer_.cancel();
  shared().reactor.timers().arm(transport_timer_, at);
}

void Http3Connection::on_transport_timer(MonotonicTime /*now*/) {
  transport().on_timeout();
  write_later();
}

void Http3Connection::renew_ids() {
  for (std::size_t wanted = transport().ids_wanted(); wanted > 0; --wanted) {
    const Http3Connections::Id id = owner_.make_id();
    if (!transport().add_id(id, shared().quic->reset_token(id))) break;
    numbers_.push_back(Http3Connections::number_of(id));
    owner_.by_number_.emplace(numbers_.back(), this);
  }
  std::array<std::uint8_t, http3::kIdBytesMax> retired{};
  while (const std::size_t bytes = transport().next_retired_id(retired)) {
    Http3Connections::Id id{};
    if (bytes != id.size()) continue;
    std::copy_n(retired.begin(), id.size(), id.begin());
    const std::uint64_t number = Http3Connections::number_of(id);
    owner_.by_number_.erase(number);
    std::erase(numbers_, number);
  }
}

void Http3Connection::follow_paths() {
  if (const auto moved = transport().moved()) {
    peer_ = to_socket(*moved);
    shared().counters.quic_migrations.add();
  }
}

// ---- Time, and the end.

// Chooses what to wait for while the client is on time.
void Http3Connection::rest() {
  if (!established_ || waiting_ == Waiting::LastPackets) return;
  if (session_->streams_open() != 0) {
    if (waiting_ != Waiting::Nothing && waiting_ != Waiting::LastStreams) {
      wait_for(Waiting::Nothing);
    }
  } else if (shutdown_finished_) {
    wait_for(Waiting::LastPackets);
  } else if (shutdown_announced_) {
    if (waiting_ != Waiting::LastStreams) wait_for(Waiting::LastStreams);
  } else if (requests_ == 0) {
    if (waiting_ != Waiting::FirstRequest) wait_for(Waiting::FirstRequest);
  } else if (waiting_ != Waiting::Idle) {
    wait_for(Waiting::Idle);
  }
}

void Http3Connection::wait_for(Waiting what) {
  const config::ServerSettings& settings = shared().settings;
  waiting_ = what;
  std::chrono::milliseconds time{};
  switch (what) {
    case Waiting::Nothing:
      return waiting_timer_.cancel();
    case Waiting::Handshake:
      time = settings.tls.handshake_timeout;
      break;
    case Waiting::FirstRequest:
      time = settings.http.header_timeout;
      break;
    case Waiting::Idle:
      time = settings.http.idle_timeout;
      owner_.rests(*this);
      break;
    case Waiting::LastStreams:
      time = kRoundTrip;
      break;
    case Waiting::LastPackets:
      time = kLastPackets;
      break;
  }
  shared().reactor.timers().arm(waiting_timer_, shared().path.now() + time);
}

void Http3Connection::on_waiting(MonotonicTime /*now*/) {
  switch (std::exchange(waiting_, Waiting::Nothing)) {
    case Waiting::Nothing:
      return;
    case Waiting::Handshake:
      shared().counters.timeouts.add();
      shared().counters.tls_failures.add();
      return close();
    case Waiting::FirstRequest:
    case Waiting::Idle:
      shared().counters.timeouts.add();
      return shut_down();
    case Waiting::LastStreams:
      return shut_down();
    case Waiting::LastPackets:
      session_->close(http3::ErrorCode::NoError);
      return write_later();
  }
}

bool Http3Connection::is_idle() const {
  return !closed_ && established_ && !shutdown_announced_ && session_->streams_open() == 0;
}

void Http3Connection::drain() {
  if (closed_ || std::exchange(shutdown_announced_, true)) return;
  session_->announce_shutdown();
  if (established_) wait_for(Waiting::LastStreams);
  write_later();
}

// The requests that have come are the last.
void Http3Connection::shut_down() {
  shutdown_announced_ = true;
  shutdown_finished_ = true;
  session_->finish_shutdown();
  write_later();
}

void Http3Connection::end_at_once() {
  if (closed_) return;
  session_->close(http3::ErrorCode::NoError);
  session_->advance(shared().path.now());
  send();
  close();
}

void Http3Connection::close() {
  if (std::exchange(closed_, true)) return;
  if (!established_) --owner_.handshakes_;
  waiting_timer_.cancel();
  transport_timer_.cancel();
  for (const std::uint64_t number : numbers_) owner_.by_number_.erase(number);
  base::ListHook<UnwrittenTag>::unlink();
  session_.reset();  // Ends its streams.
  tls_.reset();
  base::ListHook<Http3Connection>::unlink();
  owner_.closed_.push_back(*this);
  shared().reactor.defer(owner_.free_closed_);
}

}  // namespace pear::data::protocol
