// The parts of io together, as a connection uses them: accepting, edges, budgets, output that the
// kernel does not take at once, an idle timeout.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "io/acceptor.h"
#include "io/chunk.h"
#include "io/reactor.h"
#include "io/socket.h"

namespace pear::io {
namespace {

using std::chrono::milliseconds;

// Sends back what it gets; reads no more while it has much to send.
class EchoConnection final : public IoHandler, public TimerNode {
 public:
  static constexpr std::size_t kHeldMax = 128UL * 1024;

  EchoConnection(Reactor& reactor, ChunkPool& pool, UniqueFd fd)
      : reactor_(reactor), fd_(std::move(fd)), output_(pool) {
    EXPECT_TRUE(reactor_.add(*this, fd_.get(), IoEvents::read_write(), Reactor::Trigger::Edge));
  }
  ~EchoConnection() override { reactor_.remove(*this); }
  EchoConnection(const EchoConnection&) = delete;
  EchoConnection& operator=(const EchoConnection&) = delete;
  EchoConnection(EchoConnection&&) = delete;
  EchoConnection& operator=(EchoConnection&&) = delete;

  void on_io(IoEvents) override {
    reactor_.timers().arm(*this, reactor_.now() + milliseconds(50));
    write();
    read();
  }
  void on_timer(MonotonicTime) override { idle = true; }

  bool ended = false;
  bool idle = false;
  std::size_t held_max = 0;

 private:
  void read() {
    std::size_t budget = TurnBudget::kReadBytes;
    while (!ended && output_.size() < kHeldMax) {
      if (budget == 0) {
        reactor_.run_again(*this, IoEvents::read());
        return;
      }
      const auto room = reactor_.read_buffer().first(std::min<std::size_t>(budget, 10'000));
      const Transfer received = receive(fd_.get(), room);
      if (received.status == Transfer::Status::WouldBlock) return;
      if (received.status != Transfer::Status::Done) {
        ended = true;
        break;
      }
      budget -= received.bytes;
      output_.append({room.data(), received.bytes});
      held_max = std::max(held_max, output_.size());
      write();
    }
    if (ended && output_.empty()) shut_down_writing(fd_.get());
  }
  void write() {
    std::array<iovec, 4> pieces{};
    while (!output_.empty()) {
      const Transfer sent = send(fd_.get(), output_.views(pieces));
      if (sent.status != Transfer::Status::Done) return;
      output_.consume(sent.bytes);
    }
  }

  Reactor& reactor_;
  UniqueFd fd_;
  ByteQueue output_;
};

class EchoServer : public ConnectionSink {
 public:
  EchoServer(Reactor& reactor, ChunkPool& pool) : reactor_(reactor), pool_(pool) {}
  void on_connection(UniqueFd socket, const SocketAddress&) override {
    connections.push_back(std::make_unique<EchoConnection>(reactor_, pool_, std::move(socket)));
  }
  void on_accept_failure(int os_errno) override { ADD_FAILURE() << os_errno; }
  std::vector<std::unique_ptr<EchoConnection>> connections;

 private:
  Reactor& reactor_;
  ChunkPool& pool_;
};

struct Client {
  UniqueFd fd;
  std::string expected;
  std::size_t sent = 0;
  std::string received;
  bool ended = false;

  // Sends what fits and reads a little, so that the server has to wait for it now and then.
  void go_on() {
    if (sent < expected.size()) {
      const Transfer part = send(fd.get(), std::string_view(expected).substr(sent));
      if (part.status == Transfer::Status::Done) sent += part.bytes;
      if (sent == expected.size()) shut_down_writing(fd.get());
    }
    std::array<char, 50'000> buffer{};
    const Transfer part = receive(fd.get(), buffer);
    if (part.status == Transfer::Status::Done) received.append(buffer.data(), part.bytes);
    if (part.status == Transfer::Status::Ended) ended = true;
  }
};

TEST(Echo, SendsMegabytesBackWholeThroughSlowReadersAndKeepsLittle) {
  auto reactor = Reactor::open().value();
  ChunkPool pool;
  EchoServer server(*reactor, pool);
  Acceptor acceptor(
      *reactor, open_listener(SocketAddress::parse("127.0.0.1", 0).value(), {}).value(), server);
  // Connections inherit it: the kernel takes little, so that much has to be kept.
  const int send_buffer = 32 * 1024;
  ASSERT_EQ(::setsockopt(acceptor.fd(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer)),
            0);
  ASSERT_TRUE(acceptor.start());
  std::vector<Client> clients(2);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].fd = start_connect(acceptor.address().value()).value();
    for (std::size_t n = 0; clients[i].expected.size() < 3'000'000; n += i + 1) {
      clients[i].expected += std::to_string(n);
    }
  }
  const auto all_ended = [&] {
    return std::ranges::all_of(clients, [](const Client& client) { return client.ended; });
  };
  while (!all_ended()) {
    reactor->turn(Reactor::Wait::No);
    for (Client& client : clients) client.go_on();
  }
  for (const Client& client : clients) EXPECT_TRUE(client.received == client.expected);
  for (const auto& connection : server.connections) {
    EXPECT_GE(connection->held_max, EchoConnection::kHeldMax);
    EXPECT_LE(connection->held_max, EchoConnection::kHeldMax + 10'000);
  }
  EXPECT_EQ(pool.bytes_lent(), 0U) << "a connection that has sent everything owns no chunk";
}

TEST(Echo, FindsAConnectionIdleAndNotOneThatIsBusy) {
  auto reactor = Reactor::open().value();
  ChunkPool pool;
  EchoServer server(*reactor, pool);
  Acceptor acceptor(
      *reactor, open_listener(SocketAddress::parse("127.0.0.1", 0).value(), {}).value(), server);
  ASSERT_TRUE(acceptor.start());
  const Client busy{.fd = start_connect(acceptor.address().value()).value()};
  while (server.connections.empty()) reactor->turn();
  const Client idle{.fd = start_connect(acceptor.address().value()).value()};
  while (server.connections.size() < 2) reactor->turn();
  while (!server.connections[1]->idle) {
    static_cast<void>(send(busy.fd.get(), std::string_view("x")));
    reactor->turn();
    ASSERT_FALSE(server.connections[0]->idle);
  }
}

}  // namespace
}  // namespace pear::io
