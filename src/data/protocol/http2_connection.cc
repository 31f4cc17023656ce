#include "data/protocol/http2_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include <sys/uio.h>

#include "base/assert.h"
#include "data/protocol/http2_connections.h"
#include "data/protocol/shared.h"

namespace pear::data::protocol {

using io::Transfer;

namespace {

// Between the two steps of a shutdown: what the client sent before it heard of the first one is on
// its way for about so long (RFC 9113, section 6.8: a round trip).
constexpr std::chrono::milliseconds kRoundTrip{250};
// A connection that has nothing to do for so long gives back what only a busy one needs.
constexpr std::chrono::milliseconds kQuiet{1'000};

}  // namespace

Http2Connection::Http2Connection(Http2Connections& owner, io::tls::ByteStream stream, Peer peer)
    : owner_(owner),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      unsent_(owner.shared_.chunks) {}

Http2Connection::~Http2Connection() {
  PEAR_ASSERT(session_ == nullptr, "a connection is closed before it is freed");
}

Shared& Http2Connection::shared() {
  return owner_.shared_;
}

bool Http2Connection::open(std::span<const char> input) {
  session_ = http2::ServerSession::make(owner_.options_, *this, owner_.memory_);
  if (session_ == nullptr) return false;
  const auto watched = shared().reactor.add(*this, stream_.fd(), io::IoEvents::read_write(),
                                            io::Reactor::Trigger::Edge);
  if (!watched) {
    session_.reset();
    return false;
  }
  wait_for(Waiting::FirstRequest);
  write_later();
  if (!input.empty()) broken_ = !session_->receive(input, shared().path.now());
  // What came with the end of the handshake, or behind the preface, is told by no event.
  shared().reactor.run_again(*this, io::IoEvents::read());
  return true;
}

// ---- Input.

void Http2Connection::on_io(io::IoEvents events) {
  if (closed_) return;
  if (events.broken()) return close();
  if (events.writable() && !all_sent()) write();
  if (closed_ || !events.readable()) return;
  if (events.peer_closed()) peer_closing_ = true;
  readable_ = true;
  read();
}

// A client that does not take what it is sent may not ask for more.
bool Http2Connection::may_read() const {
  return !closed_ && !broken_ && !peer_ended_ && (lingering_ || all_sent());
}

void Http2Connection::read() {
  std::size_t budget = io::TurnBudget::kReadBytes;
  while (readable_ && may_read()) {
    const std::span<char> buffer = shared().reactor.read_buffer();
    const Transfer got = stream_.receive(buffer);
    switch (got.status) {
      case Transfer::Status::Done:
        break;
      case Transfer::Status::WouldBlock:
        readable_ = false;
        return;
      case Transfer::Status::Ended:
        readable_ = false;
        return on_peer_ended();
      case Transfer::Status::Failed:
        return close();
    }
    // The next bytes come with an event; a FIN that has come is yet to be read.
    if (got.drained && !peer_closing_) readable_ = false;
    if (lingering_) {
      wait_for(Waiting::Linger);  // It is not silent.
    } else {
      broken_ = !session_->receive(buffer.first(got.bytes), shared().path.now());
      write_later();
      watch_head();
    }
    if (got.bytes >= budget) return shared().reactor.run_again(*this, io::IoEvents::read());
    budget -= got.bytes;
  }
}

// A client that sends no more may still read: requests that are whole are answered.
void Http2Connection::on_peer_ended() {
  if (lingering_) return close();
  peer_ended_ = true;
  session_->end_input();
  write_later();
}

Http2Stream* Http2Connection::open_stream(std::int32_t id) {
  Http2Stream* const stream = Http2Stream::open(owner_.streams_, *this, id);
  if (stream == nullptr) return nullptr;
  if (++requests_ == shared().settings.http.requests_per_connection_max) drain();
  return stream;
}

Origin Http2Connection::origin() {
  return {.shared = shared(), .tls = stream_.facts(), .peer = peer_.address};
}

http2::StreamOwner* Http2Connection::on_request(std::int32_t stream, const http::RequestHead& head,
                                                Body body) {
  Http2Stream* const opened = open_stream(stream);
  if (opened != nullptr) opened->begin(head, body, origin());
  return opened;
}

http2::StreamOwner* Http2Connection::on_refused(std::int32_t stream, const http::Refusal& refusal) {
  shared().counters.protocol_errors.add();
  Http2Stream* const opened = open_stream(stream);
  if (opened != nullptr) opened->begin_refused(refusal, origin());
  return opened;
}

void Http2Connection::on_offence(http2::Offence offence) {
  static_assert(http2::kOffences <=
                std::tuple_size_v<decltype(model::CoreCounters::http2_offences)>);
  shared().counters.http2_offences[std::to_underlying(offence)].add();
  shared().notices.abuse(
      {.place = std::to_underlying(offence), .kind = http2::to_text(offence), .protocol = "h2"},
      peer_.address.ip_address());
}

void Http2Connection::on_stream_closed(Http2Stream& stream) {
  owner_.streams_.destroy(stream);
  if (!closed_) write_later();
}

// ---- Output.

void Http2Connection::write_later() {
  if (closed_ || base::ListHook<UnwrittenTag>::linked()) return;
  owner_.unwritten_.push_back(*this);
}

bool Http2Connection::flush_unsent() {
  while (!all_sent()) {
    std::array<iovec, 8> views{};
    const Transfer wrote =
        stream_.has_unsent() ? stream_.flush() : stream_.send(unsent_.views(views));
    switch (wrote.status) {
      case Transfer::Status::Done:
        unsent_.consume(wrote.bytes);
        break;
      case Transfer::Status::WouldBlock:
        if (waiting_ != Waiting::Write && !lingering_) wait_for(Waiting::Write);
        return false;
      case Transfer::Status::Ended:
      case Transfer::Status::Failed:
        close();
        return false;
    }
  }
  return true;
}

void Http2Connection::write() {
  base::ListHook<UnwrittenTag>::unlink();
  if (closed_ || !flush_unsent() || lingering_) return;
  std::size_t budget = io::TurnBudget::kWriteBytes;
  while (session_->wants_write()) {
    const std::span<char> out = shared().output();
    const std::size_t size = session_->write(out);
    if (size == 0) break;
    const Transfer wrote = stream_.send(out.first(size));
    if (wrote.status == Transfer::Status::Ended || wrote.status == Transfer::Status::Failed) {
      return close();
    }
    unsent_.append({out.data() + wrote.bytes, size - wrote.bytes});
    if (!all_sent()) {
      wait_for(Waiting::Write);
      return;
    }
    if (size >= budget) {
      write_later();  // In the next turn: others first.
      shared().reactor.run_again(*this, io::IoEvents::write());
      return;
    }
    budget -= size;
  }
  after_write();
}

// All that can be said now is said.
void Http2Connection::after_write() {
  if (peer_ended_ && session_->streams_open() == 0) return leave();
  const bool served = shutdown_finished_ && session_->streams_open() == 0;
  if (broken_ || served || session_->over()) return linger();
  if (waiting_ != Waiting::Head) rest();
  if (readable_) shared().reactor.run_again(*this, io::IoEvents::read());
}

// Chooses what to wait for while the client is on time.
void Http2Connection::rest() {
  if (session_->streams_open() != 0) {
    if (waiting_ != Waiting::Nothing && waiting_ != Waiting::LastStreams) {
      wait_for(Waiting::Nothing);
    }
  } else if (shutdown_announced_) {
    if (waiting_ != Waiting::LastStreams) wait_for(Waiting::LastStreams);
  } else if (requests_ == 0) {
    if (waiting_ != Waiting::FirstRequest) wait_for(Waiting::FirstRequest);
  } else if (waiting_ != Waiting::Quiet && waiting_ != Waiting::Idle) {
    wait_for(Waiting::Quiet);
  }
}

// A header block that does not end holds up the whole connection.
void Http2Connection::watch_head() {
  if (session_->in_header_block() && !peer_ended_) {
    if (waiting_ != Waiting::Head && waiting_ != Waiting::Write) wait_for(Waiting::Head);
  } else if (waiting_ == Waiting::Head) {
    waiting_ = Waiting::Nothing;
    rest();
  }
}

// ---- The end.

bool Http2Connection::is_idle() const {
  return !closed_ && !lingering_ && !broken_ && !shutdown_announced_ &&
         session_->streams_open() == 0;
}

void Http2Connection::drain() {
  if (closed_ || lingering_ || std::exchange(shutdown_announced_, true)) return;
  session_->announce_shutdown();
  wait_for(Waiting::LastStreams);
  write_later();
}

void Http2Connection::wait_for(Waiting what) {
  const config::HttpLimits& limits = shared().settings.http;
  waiting_ = what;
  MonotonicTime at = MonotonicTime::max();
  std::chrono::milliseconds time{};
  switch (what) {
    case Waiting::Nothing:
      return timer_.cancel();
    case Waiting::FirstRequest:
    case Waiting::Head:
      time = limits.header_timeout;
      break;
    case Waiting::Quiet:
      time = std::min(kQuiet, limits.idle_timeout);
      owner_.rests(*this);
      break;
    case Waiting::Idle:
      time = limits.idle_timeout;
      break;
    case Waiting::Write:
      time = limits.write_timeout;
      break;
    case Waiting::LastStreams:
      time = kRoundTrip;
      break;
    case Waiting::Linger:
      time = limits.linger_timeout;
      at = linger_until_;
      break;
  }
  shared().reactor.timers().arm(timer_, std::min(at, shared().path.now() + time));
}

void Http2Connection::on_timer(MonotonicTime /*now*/) {
  switch (std::exchange(waiting_, Waiting::Nothing)) {
    case Waiting::Nothing:
      return;
    case Waiting::Quiet:
      session_->idle();
      return wait_for(Waiting::Idle);
    case Waiting::FirstRequest:
    case Waiting::Idle:
      shared().counters.timeouts.add();
      return shut_down();
    case Waiting::LastStreams:
      return shut_down();
    case Waiting::Head:
      shared().counters.timeouts.add();
      session_->terminate(http2::ErrorCode::EnhanceYourCalm);
      broken_ = true;
      return write_later();
    case Waiting::Write:
      shared().counters.timeouts.add();
      return close();
    case Waiting::Linger:
      return close();
  }
}

// The streams that are open are the last.
void Http2Connection::shut_down() {
  shutdown_announced_ = true;
  shutdown_finished_ = true;
  session_->finish_shutdown();
  write_later();
}

void Http2Connection::linger() {
  lingering_ = true;
  stream_.shut_down_writing();
  linger_until_ = shared().path.now() + shared().settings.http.linger_max;
  wait_for(Waiting::Linger);
  readable_ = true;
  shared().reactor.run_again(*this, io::IoEvents::read());
}

// All is said, and the client says nothing more.
void Http2Connection::leave() {
  stream_.say_goodbye();
  close();
}

void Http2Connection::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  shared().reactor.remove(*this);
  base::ListHook<UnwrittenTag>::unlink();
  session_.reset();  // Ends its streams.
  unsent_.clear();
  stream_.close();
  base::ListHook<Http2Connection>::unlink();
  owner_.closed_.push_back(*this);
  shared().reactor.defer(owner_.free_closed_);
}

}  // namespace pear::data::protocol
