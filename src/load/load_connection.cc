#include "load/load_connection.h"

#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "io/clock.h"
#include "io/socket.h"
#include "load/http1_client.h"

namespace pear::load {
namespace {

using io::IoEvents;
using io::Reactor;
using io::Transfer;

Failure connect_failure(int os_errno) {
  if (os_errno == ECONNREFUSED) return Failure::Refused;
  // A listener's full queue, or a server that ended between its accept and our first byte.
  if (os_errno == ECONNRESET) return Failure::Reset;
  return Failure::Unreachable;
}

}  // namespace

LoadConnection::LoadConnection(Reactor& reactor, Owner& owner, const Options& options)
    : reactor_(reactor),
      owner_(owner),
      options_(options),
      timeout_(io::Timer::calling<&LoadConnection::on_timeout>(*this)) {}

LoadConnection::~LoadConnection() {
  close();
}

void LoadConnection::start(const Exchange& exchange) {
  PEAR_ASSERT(!busy_, "one request at a time");
  exchange_ = exchange;
  busy_ = true;
  wire_bytes_ = 0;
  body_bytes_ = 0;
  reactor_.timers().arm(timeout_, exchange.deadline);
  if (exchange.request->expect.body && options_.make_digest != nullptr) {
    if (!digest_) digest_ = options_.make_digest();
    digest_->restart();
  }
  if (phase_ == Phase::Open) {
    send_request();
  } else {
    open();
  }
}

void LoadConnection::open() {
  auto connected = io::start_connect(options_.address);
  if (!connected) {
    fail(connect_failure(connected.error().os_errno));
    return;
  }
  fd_ = *std::move(connected);
  phase_ = Phase::Connecting;
  // Level: one read for each event is enough, and a second one that finds nothing is saved.
  if (!reactor_.add(*this, fd_.get(), IoEvents::write(), Reactor::Trigger::Level)) {
    fail(Failure::Unreachable);
    return;
  }
}

void LoadConnection::on_io(IoEvents events) {
  if (phase_ == Phase::Connecting) {
    on_connected();
    return;
  }
  const std::uint64_t generation = generation_;
  if (waits_to_write_ && events.writable()) write_on();
  // Writing may have ended the exchange, and its owner begun another.
  if (generation == generation_ && events.readable()) read_once();
}

void LoadConnection::on_connected() {
  const auto connected = io::finish_connect(fd_.get());
  if (!connected) {
    fail(connect_failure(connected.error().os_errno));
    return;
  }
  phase_ = Phase::Open;
  protocol_ = std::make_unique<Http1Client>();
  reactor_.modify(*this, IoEvents::read(), Reactor::Trigger::Level);
  owner_.on_opened();
  send_request();
}

void LoadConnection::send_request() {
  unsent_ = protocol_->start(*exchange_.request);
  write_on();
}

void LoadConnection::write_on() {
  while (!unsent_.empty()) {
    const Transfer sent = io::send(fd_.get(), std::span<const char>(unsent_));
    switch (sent.status) {
      case Transfer::Status::Done:
        unsent_.remove_prefix(sent.bytes);
        continue;
      case Transfer::Status::WouldBlock:
        if (!waits_to_write_) {
          waits_to_write_ = true;
          reactor_.modify(*this, IoEvents::read_write(), Reactor::Trigger::Level);
        }
        return;
      case Transfer::Status::Ended:
      case Transfer::Status::Failed:
        // The server may have answered before it closed (413): what it sent is still to be read.
        unsent_ = {};
        if (waits_to_write_) break;
        return;
    }
    break;
  }
  if (waits_to_write_) {
    waits_to_write_ = false;
    reactor_.modify(*this, IoEvents::read(), Reactor::Trigger::Level);
  }
}

void LoadConnection::read_once() {
  const std::span<char> buffer = reactor_.read_buffer();
  const Transfer got = io::receive(fd_.get(), buffer);
  switch (got.status) {
    case Transfer::Status::Done:
      wire_bytes_ += got.bytes;
      take(buffer.first(got.bytes));
      return;
    case Transfer::Status::WouldBlock:
      return;
    case Transfer::Status::Ended:
      on_end();
      return;
    case Transfer::Status::Failed:
      if (busy_) {
        fail(Failure::Reset);
        return;
      }
      close();
      owner_.on_closed_idle(*this);
      return;
  }
}

// Bytes come from the reactor's buffer, unless some were held: then those come first.
void LoadConnection::take(std::span<char> input) {
  if (held_.empty()) {
    take_all(input);
    return;
  }
  held_.append(input.data(), input.size());
  std::string joined = std::exchange(held_, {});
  take_all(joined);
}

void LoadConnection::take_all(std::span<char> input) {
  while (true) {
    const AnswerEvent event = protocol_->receive(input);
    input = input.subspan(event.consumed);
    switch (event.kind) {
      case AnswerEvent::Kind::Body:
        on_body(event.body);
        continue;
      case AnswerEvent::Kind::NeedMore:
        if (input.size() > kHeldMax) {
          fail(Failure::BadAnswer);
          return;
        }
        held_.assign(input.data(), input.size());
        return;
      case AnswerEvent::Kind::Done: {
        AnswerEvent last = event;
        // Bytes beyond the answer were not asked for: what comes next cannot be trusted.
        last.reusable = event.reusable && input.empty() && unsent_.empty();
        finish(last);
        return;
      }
      case AnswerEvent::Kind::Broken:
        if (busy_) {
          fail(Failure::BadAnswer);
          return;
        }
        close();
        owner_.on_closed_idle(*this);
        return;
    }
  }
}

void LoadConnection::on_body(std::string_view piece) {
  body_bytes_ += piece.size();
  if (digest_ && exchange_.request->expect.body) digest_->add(piece);
}

void LoadConnection::on_end() {
  if (!busy_) {
    close();
    owner_.on_closed_idle(*this);
    return;
  }
  const AnswerEvent event = protocol_->receive_end();
  if (event.kind == AnswerEvent::Kind::Done) {
    finish(event);
    return;
  }
  fail(Failure::Reset);
}

void LoadConnection::finish(const AnswerEvent& event) {
  Answer answer{.done = io::now(),
                .status = event.status,
                .wire_bytes = wire_bytes_,
                .body_bytes = body_bytes_};
  if (digest_ && exchange_.request->expect.body) answer.body = digest_->finish();
  timeout_.cancel();
  busy_ = false;
  ++generation_;
  if (!event.reusable || options_.use == ConnectionUse::NewForEach) {
    // The answer is complete. A reset leaves no TIME_WAIT behind, of which a run with a connection
    // for each request would soon have used up all ports.
    io::reset_on_close(fd_.get());
    close();
  }
  // A copy: the owner may start the next one while it still looks at this.
  const Exchange exchange = exchange_;
  owner_.on_answered(*this, exchange, answer);
}

void LoadConnection::fail(Failure failure) {
  close();
  timeout_.cancel();
  busy_ = false;
  const Exchange exchange = exchange_;
  owner_.on_failed(*this, exchange, failure);
}

void LoadConnection::on_timeout(MonotonicTime) {
  if (fd_.is_open()) io::reset_on_close(fd_.get());
  fail(Failure::TimedOut);
}

void LoadConnection::close() {
  reactor_.remove(*this);
  fd_.reset();
  protocol_.reset();
  held_.clear();
  unsent_ = {};
  phase_ = Phase::Closed;
  waits_to_write_ = false;
  ++generation_;
}

}  // namespace pear::load
