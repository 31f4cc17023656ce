// Cost of the event loop itself: a turn without events, with one, a wake-up from another thread,
// and a request and its answer of 100 bytes over loopback, both ends in one loop.
#include <cstdint>
#include <memory>
#include <string>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "io/acceptor.h"
#include "io/reactor.h"
#include "io/socket.h"

namespace pear::io {
namespace {

void BM_TurnWithoutEvents(benchmark::State& state) {
  auto reactor = Reactor::open().value();
  for ([[maybe_unused]] auto _ : state) reactor->turn(Reactor::Wait::No);
}
BENCHMARK(BM_TurnWithoutEvents);

class Source final : public IoHandler {
 public:
  void on_io(IoEvents) override { ++count; }
  std::uint64_t count = 0;
};

void BM_TurnWithOneEvent(benchmark::State& state) {
  auto reactor = Reactor::open().value();
  const UniqueFd fd(::eventfd(1, EFD_NONBLOCK));
  Source source;
  static_cast<void>(reactor->add(source, fd.get(), IoEvents::read(), Reactor::Trigger::Level));
  for ([[maybe_unused]] auto _ : state) reactor->turn();
  reactor->remove(source);
}
BENCHMARK(BM_TurnWithOneEvent);

void BM_WakeOfALoopThatIsAwake(benchmark::State& state) {
  auto reactor = Reactor::open().value();
  for ([[maybe_unused]] auto _ : state) reactor->waker().wake();
}
BENCHMARK(BM_WakeOfALoopThatIsAwake);

// Sends back what it receives.
class Echo final : public IoHandler {
 public:
  Echo(Reactor& reactor, UniqueFd fd) : reactor_(reactor), fd_(std::move(fd)) {
    static_cast<void>(
        reactor.add(*this, fd_.get(), IoEvents::read_write(), Reactor::Trigger::Edge));
  }
  ~Echo() override { reactor_.remove(*this); }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  Echo(Echo&&) = delete;
  Echo& operator=(Echo&&) = delete;

  void on_io(IoEvents events) override {
    if (!events.readable()) return;
    const Transfer received = receive(fd_.get(), reactor_.read_buffer());
    if (received.status != Transfer::Status::Done) return;
    ++count;
    static_cast<void>(send(fd_.get(), reactor_.read_buffer().first(received.bytes)));
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  std::uint64_t count = 0;

 private:
  Reactor& reactor_;
  UniqueFd fd_;
};

class FirstConnection final : public ConnectionSink {
 public:
  void on_connection(UniqueFd socket, const SocketAddress&) override { first = std::move(socket); }
  void on_accept_failure(int) override {}
  UniqueFd first;
};

void BM_RoundTripOverLoopback(benchmark::State& state) {
  auto reactor = Reactor::open().value();
  FirstConnection sink;
  Acceptor acceptor(*reactor,
                    open_listener(SocketAddress::parse("127.0.0.1", 0).value(), {}).value(), sink);
  static_cast<void>(acceptor.start());
  Echo client(*reactor, start_connect(acceptor.address().value()).value());
  while (!sink.first.is_open()) reactor->turn();
  Echo server(*reactor, std::move(sink.first));
  static_cast<void>(send(client.fd(), std::string(100, 'x')));
  for ([[maybe_unused]] auto _ : state) {
    const std::uint64_t before = client.count;
    while (client.count == before) reactor->turn();
  }
}
BENCHMARK(BM_RoundTripOverLoopback);

}  // namespace
}  // namespace pear::io
