#include "io/acceptor.h"

#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace pear::io {
namespace {

enum class Failure : std::uint8_t {
  NoneWaiting,
  ThisConnection,  // It was gone before it was taken: the next one may be fine.
  NoRoom,
};

Failure failure_of(int os_errno) {
  switch (os_errno) {
    case EAGAIN:
      return Failure::NoneWaiting;
    // accept(2): errors of the new connection that Linux hands on; to be treated like EAGAIN.
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:  // A firewall rule.
      return Failure::ThisConnection;
    default:
      // EMFILE, ENFILE, ENOBUFS, ENOMEM; and what nobody expects is not tried again at once either.
      return Failure::NoRoom;
  }
}

}  // namespace

Acceptor::Acceptor(Reactor& reactor, UniqueFd listener, ConnectionSink& sink)
    : Acceptor(reactor, std::move(listener), sink, Options{}) {}

Acceptor::Acceptor(Reactor& reactor, UniqueFd listener, ConnectionSink& sink,
                   const Options& options)
    : reactor_(reactor), listener_(std::move(listener)), sink_(sink), options_(options) {}

Acceptor::~Acceptor() {
  // Before the listener is closed.
  reactor_.remove(*this);
}

Result<void> Acceptor::start() {
  PEAR_ASSERT(state_ == State::Stopped, "an acceptor is started once");
  PEAR_TRY(watch());
  state_ = State::Accepting;
  return {};
}

void Acceptor::pause() {
  if (state_ == State::Accepting || state_ == State::Retrying) enter(State::Paused);
}

void Acceptor::resume() {
  if (state_ == State::Paused) enter(State::Accepting);
}

void Acceptor::stop() {
  if (state_ != State::Stopped) enter(State::Stopped);
}

void Acceptor::finish() {
  while (state_ == State::Accepting && take_batch() == Batch::Full) {
  }
  stop();
  listener_.reset();
}

void Acceptor::enter(State state) {
  retry_.cancel();
  if (state_ == State::Accepting) reactor_.remove(*this);
  state_ = state;
  // Out of the set it is told nothing at all: in it, a listener that someone else has shut down
  // would be told of that in every turn.
  if (state == State::Accepting && !watch()) retry_later();
}

Result<void> Acceptor::watch() {
  // Level, so that what a batch leaves behind is told again in the next turn.
  return reactor_.add(*this, listener_.get(), IoEvents::read(), Reactor::Trigger::Level);
}

void Acceptor::retry_later() {
  state_ = State::Retrying;
  reactor_.timers().arm(retry_, reactor_.now() + options_.retry);
}

void Acceptor::on_io(IoEvents /*events*/) {
  static_cast<void>(take_batch());
}

Acceptor::Batch Acceptor::take_batch() {
  for (std::uint32_t i = 0; i < options_.batch && state_ == State::Accepting; ++i) {
    Accepted accepted = accept_connection(listener_.get());
    if (accepted.fd.is_open()) {
      ++accepted_;
      sink_.on_connection(std::move(accepted.fd), accepted.peer);
      continue;
    }
    switch (failure_of(accepted.os_errno)) {
      case Failure::NoneWaiting:
        return Batch::Short;
      case Failure::ThisConnection:
        break;
      case Failure::NoRoom:
        ++failures_;
        reactor_.remove(*this);
        retry_later();
        sink_.on_accept_failure(accepted.os_errno);
        return Batch::Short;
    }
  }
  return Batch::Full;
}

void Acceptor::on_retry(MonotonicTime /*now*/) {
  enter(State::Accepting);
}

}  // namespace pear::io
