#include "io/acceptor.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/clock.h"

namespace pear::io {
namespace {

using std::chrono::milliseconds;

class FakeSink : public ConnectionSink {
 public:
  void on_connection(UniqueFd socket, const SocketAddress& peer) override {
    sockets.push_back(std::move(socket));
    peers.push_back(peer);
    if (then) then();
  }
  void on_accept_failure(int os_errno) override { failures.push_back(os_errno); }

  std::vector<UniqueFd> sockets;
  std::vector<SocketAddress> peers;
  std::vector<int> failures;
  std::function<void()> then;
};

class AcceptorTest : public testing::Test {
 public:
  void SetUp() override { ASSERT_TRUE(acceptor->start()); }

  // On loopback a connection is complete, and in the backlog, when connect() has returned.
  void connect_clients(std::size_t count) {
    const SocketAddress address = acceptor->address().value();
    for (std::size_t i = 0; i < count; ++i) clients.push_back(start_connect(address).value());
  }
  void turn_until_accepted(std::size_t count) const {
    while (sink.sockets.size() < count) reactor->turn();
  }

  std::unique_ptr<Reactor> reactor = Reactor::open().value();
  FakeSink sink;
  std::unique_ptr<Acceptor> acceptor = std::make_unique<Acceptor>(
      *reactor, open_listener(SocketAddress::parse("127.0.0.1", 0).value(), {}).value(), sink,
      Acceptor::Options{.batch = 4, .retry = milliseconds(10)});
  std::vector<UniqueFd> clients;
};

TEST_F(AcceptorTest, GivesConnectionsWithTheirPeersToTheSink) {
  connect_clients(3);
  turn_until_accepted(3);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sink.peers[i], SocketAddress::of_socket(clients[i].get()).value());
  }
  EXPECT_EQ(acceptor->accepted(), 3U);
}

TEST_F(AcceptorTest, TakesNoMoreThanABatchEachTurn) {
  connect_clients(10);
  reactor->turn();
  EXPECT_EQ(sink.sockets.size(), 4U);
  reactor->turn();
  EXPECT_EQ(sink.sockets.size(), 8U);
  turn_until_accepted(10);
}

TEST_F(AcceptorTest, TakesAllThatWaitsAtItsEndAndRefusesWhoComesLater) {
  const SocketAddress address = acceptor->address().value();
  connect_clients(10);
  acceptor->finish();
  EXPECT_EQ(sink.sockets.size(), 10U);
  const auto late = start_connect(address);
  EXPECT_TRUE(!late || !finish_connect(late->get()));
}

TEST_F(AcceptorTest, StopsInTheMiddleOfABatchWhenThePauseComes) {
  connect_clients(4);
  sink.then = [&] {
    if (sink.sockets.size() == 2) acceptor->pause();
  };
  reactor->turn();
  EXPECT_EQ(sink.sockets.size(), 2U);
  EXPECT_FALSE(acceptor->accepting());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
  acceptor->resume();
  turn_until_accepted(4);
}

TEST_F(AcceptorTest, TakesNothingAfterStop) {
  connect_clients(1);
  acceptor->stop();
  acceptor->resume();
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
  EXPECT_TRUE(sink.sockets.empty());
}

TEST_F(AcceptorTest, PassesOverAConnectionThatIsGoneBeforeItIsTaken) {
  connect_clients(2);
  reset_on_close(clients[0].get());
  clients[0].reset();
  turn_until_accepted(1);
  EXPECT_TRUE(sink.failures.empty());
}

// Lowers the limit of descriptors to those that are open, for as long as it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const UniqueFd lowest_free(::dup(STDERR_FILENO));
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  ~NoMoreDescriptors() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors(NoMoreDescriptors&&) = delete;
  NoMoreDescriptors& operator=(NoMoreDescriptors&&) = delete;

 private:
  rlimit before_{};
};

TEST_F(AcceptorTest, RestsWhileThereAreNoDescriptorsAndGoesOnAfterwards) {
  connect_clients(3);
  // The sanitizer opens a pipe when it meets a type for the first time, and could not below.
  static_cast<ConnectionSink&>(sink).on_accept_failure(EMFILE);
  sink.failures.clear();
  struct Sleeper {
    void on_timer(MonotonicTime /*now*/) {}
  } sleeper;
  Timer timer = Timer::calling<&Sleeper::on_timer>(sleeper);
  acceptor->pause();
  reactor->timers().arm(timer, now());
  while (timer.armed()) reactor->turn();
  acceptor->resume();
  {
    const NoMoreDescriptors no_more;
    int turns = 0;
    const MonotonicTime start = now();
    while (sink.failures.size() < 4) {
      reactor->turn();
      ++turns;
    }
    EXPECT_GE(now() - start, milliseconds(30)) << "three rests of 10 ms";
    EXPECT_LE(turns, 40) << "it sleeps between two tries";
    for (const int failure : sink.failures) EXPECT_EQ(failure, EMFILE);
    EXPECT_FALSE(acceptor->accepting());
    EXPECT_TRUE(sink.sockets.empty());
  }
  turn_until_accepted(3);
  EXPECT_TRUE(acceptor->accepting());
  EXPECT_EQ(acceptor->failures(), 4U);
}

TEST_F(AcceptorTest, DoesNotSpinOverAListenerThatSomeoneElseHasShutDown) {
  ASSERT_EQ(::shutdown(acceptor->fd(), SHUT_RDWR), 0);
  reactor->turn();
  ASSERT_EQ(sink.failures.size(), 1U);
  EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
  acceptor->pause();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reactor->turn(Reactor::Wait::No), 0U);
}

}  // namespace
}  // namespace pear::io
