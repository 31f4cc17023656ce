#include "data/listener/introductions.h"

#include <utility>

#include "io/socket.h"

namespace pear::data::listener {

using Progress = io::ProxyHeaderParser::Progress;

namespace {

// One that is waited for when a drain begins has so long.
constexpr std::chrono::milliseconds kLastMoment{500};

}  // namespace

Introduction::Introduction(Introductions& owner, io::UniqueFd socket,
                           const io::SocketAddress& proxy, Security security)
    : owner_(owner), socket_(std::move(socket)), proxy_(proxy), security_(security) {}

bool Introduction::open() {
  const auto watched = owner_.parts_.reactor.add(*this, socket_.get(), io::IoEvents::read(),
                                                 io::Reactor::Trigger::Edge);
  if (!watched) return false;
  owner_.parts_.reactor.timers().arm(timer_, owner_.parts_.reactor.now() + owner_.parts_.timeout);
  return true;
}

void Introduction::on_io(io::IoEvents events) {
  if (closed_) return;
  if (events.broken()) return close();
  read();
}

void Introduction::read() {
  // No more than the longest header: what follows it is not for us.
  const std::span<char> buffer =
      owner_.parts_.reactor.read_buffer().first(io::ProxyHeaderParser::kBinaryBytesMax);
  const io::Transfer got = io::peek(socket_.get(), buffer);
  switch (got.status) {
    case io::Transfer::Status::WouldBlock:
      return;
    case io::Transfer::Status::Ended:  // A proxy that looks whether somebody listens.
    case io::Transfer::Status::Failed:
      return close();
    case io::Transfer::Status::Done:
      break;
  }
  const Progress progress = header_.parse(buffer.first(got.bytes));
  if (progress == Progress::Malformed) {
    owner_.parts_.sink.on_no_introduction(proxy_);
    return close();
  }
  const std::size_t used = header_.consumed();
  const io::Transfer taken = io::receive(socket_.get(), buffer.first(used));
  if (taken.status != io::Transfer::Status::Done || taken.bytes != used) return close();
  if (progress == Progress::Done) return hand_on();
  // A peer that is closing says so in no further event.
  owner_.parts_.reactor.run_again(*this, io::IoEvents::read());
}

void Introduction::hand_on() {
  owner_.parts_.reactor.remove(*this);
  IntroductionSink::Introduced connection{.socket = std::move(socket_),
                                          .proxy = proxy_,
                                          .client = header_.source(),
                                          .security = security_};
  close();
  owner_.parts_.sink.on_introduced(std::move(connection));
}

void Introduction::on_timer(MonotonicTime /*now*/) {
  owner_.parts_.counters.timeouts.add();
  close();
}

void Introduction::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  owner_.parts_.reactor.remove(*this);
  socket_.reset();
  base::ListHook<Introduction>::unlink();
  owner_.closed_.push_back(*this);
  owner_.parts_.reactor.defer(owner_.free_closed_);
}

Introductions::~Introductions() {
  close_all();
  free_closed();
}

void Introductions::add(io::UniqueFd socket, const io::SocketAddress& proxy, Security security) {
  Introduction* const introduction =
      introductions_.create(*this, std::move(socket), proxy, security);
  if (introduction == nullptr) return;
  if (!introduction->open()) {
    introductions_.destroy(*introduction);
    return;
  }
  alive_.push_back(*introduction);
}

void Introductions::drain() {
  for (Introduction& introduction : alive_) {
    parts_.reactor.timers().arm(introduction.timer_, parts_.reactor.now() + kLastMoment);
  }
}

void Introductions::close_all() {
  while (Introduction* const introduction = alive_.front()) introduction->close();
}

void Introductions::free_closed() {
  while (Introduction* const introduction = closed_.pop_front()) {
    introductions_.destroy(*introduction);
  }
}

}  // namespace pear::data::listener
