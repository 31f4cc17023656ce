#include "io/socket.h"

#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/socket_address.h"
#include "io/socket_option.h"

namespace pear::io {
namespace {

SocketAddress loopback(std::uint16_t port = 0) {
  return SocketAddress::parse("127.0.0.1", port).value();
}

bool wait_for(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, 5000) == 1;
}

struct Pair {
  UniqueFd listener;
  UniqueFd client;
  UniqueFd server;
  SocketAddress peer;
};

Pair connect_pair() {
  Pair pair;
  pair.listener = open_listener(loopback(), {}).value();
  pair.client = start_connect(SocketAddress::of_socket(pair.listener.get()).value()).value();
  EXPECT_TRUE(wait_for(pair.client.get(), POLLOUT));
  EXPECT_TRUE(finish_connect(pair.client.get()));
  EXPECT_TRUE(wait_for(pair.listener.get(), POLLIN));
  Accepted accepted = accept_connection(pair.listener.get());
  EXPECT_TRUE(accepted.fd.is_open());
  pair.server = std::move(accepted.fd);
  pair.peer = accepted.peer;
  return pair;
}

TEST(SocketAddress, ReadsAndWritesBothFamilies) {
  for (const std::string_view text :
       {"127.0.0.1:0", "10.1.2.3:65535", "[::1]:80", "[2001:db8::1]:443"}) {
    const auto address = SocketAddress::parse_with_port(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_EQ(SocketAddress::parse("::1", 5)->to_string(), "[::1]:5");
  EXPECT_EQ(SocketAddress::parse("[::1]", 5)->host(), "::1");
}

TEST(SocketAddress, RefusesWhatIsNoAddress) {
  for (const std::string_view text :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8o",
        "127.0.0.1: 80", "localhost:80", "::1:80", "[::1]", "[::1:80", "1.2.3:80", "01.2.3.4.5:80",
        "[fe80::1%eth0]:80", ":80"}) {
    EXPECT_FALSE(SocketAddress::parse_with_port(text)) << text;
  }
  EXPECT_FALSE(SocketAddress::parse(std::string_view("127.0.0.1\0", 10), 80));
  EXPECT_FALSE(SocketAddress::parse(std::string(200, '1'), 80));
}

TEST(SocketAddress, KnowsLoopbackAndComparesByAddressAndPort) {
  EXPECT_TRUE(SocketAddress::parse("127.9.9.9", 1)->is_loopback());
  EXPECT_TRUE(SocketAddress::parse("::1", 1)->is_loopback());
  EXPECT_TRUE(SocketAddress::parse("::ffff:127.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(SocketAddress::parse("128.0.0.1", 1)->is_loopback());
  EXPECT_FALSE(SocketAddress::parse("::2", 1)->is_loopback());
  EXPECT_EQ(loopback(5), loopback(5));
  EXPECT_FALSE(loopback(5) == loopback(6));
  EXPECT_EQ(SocketAddress::parse("1.2.3.4", 0)->ip(),
            SocketAddress::parse("::ffff:1.2.3.4", 0)->ip());
  EXPECT_EQ(SocketAddress().to_string(), "unknown");
}

TEST(Socket, CarriesBytesBothWaysAndTellsTheEnd) {
  const Pair pair = connect_pair();
  EXPECT_EQ(pair.peer, SocketAddress::of_socket(pair.client.get()).value());
  EXPECT_EQ(send(pair.client.get(), std::string_view("ping")).bytes, 4U);
  ASSERT_TRUE(wait_for(pair.server.get(), POLLIN));
  std::array<char, 16> buffer{};
  const Transfer received = receive(pair.server.get(), buffer);
  EXPECT_EQ(received.status, Transfer::Status::Done);
  EXPECT_EQ(std::string_view(buffer.data(), received.bytes), "ping");
  EXPECT_EQ(receive(pair.server.get(), buffer).status, Transfer::Status::WouldBlock);

  shut_down_writing(pair.client.get());
  ASSERT_TRUE(wait_for(pair.server.get(), POLLIN));
  EXPECT_EQ(receive(pair.server.get(), buffer).status, Transfer::Status::Ended);

  std::string one = "po";
  std::string two = "ng";
  const std::array<iovec, 2> pieces{iovec{one.data(), 2}, iovec{two.data(), 2}};
  EXPECT_EQ(send(pair.server.get(), pieces).bytes, 4U);
  ASSERT_TRUE(wait_for(pair.client.get(), POLLIN));
  EXPECT_EQ(receive(pair.client.get(), buffer).bytes, 4U);
}

TEST(Socket, AnswersWouldBlockWhenThePeerReadsNothing) {
  const Pair pair = connect_pair();
  const std::string bytes(1 << 20, 'x');
  Transfer sent = send(pair.server.get(), bytes);
  for (int i = 0; i < 100 && sent.status == Transfer::Status::Done; ++i) {
    sent = send(pair.server.get(), bytes);
  }
  EXPECT_EQ(sent.status, Transfer::Status::WouldBlock);
}

TEST(Socket, TellsAReaderOfAResetAndAWriterThatThePeerIsGone) {
  Pair pair = connect_pair();
  reset_on_close(pair.client.get());
  pair.client.reset();
  ASSERT_TRUE(wait_for(pair.server.get(), POLLIN));
  std::array<char, 4> buffer{};
  const Transfer received = receive(pair.server.get(), buffer);
  EXPECT_EQ(received.status, Transfer::Status::Failed);
  EXPECT_EQ(received.os_errno, ECONNRESET);
  EXPECT_EQ(send(pair.server.get(), std::string_view("x")).status, Transfer::Status::Ended);
}

TEST(Socket, GivesConnectionsNoDelayAndCloseOnExec) {
  const Pair pair = connect_pair();
  for (const int fd : {pair.server.get(), pair.client.get()}) {
    int value = 0;
    socklen_t size = sizeof(value);
    ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    EXPECT_NE(value, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST(Socket, SharesAPortOnlyBetweenListenersThatAllAskForIt) {
  const ListenOptions shared{.backlog = 16, .shares_port = true};
  const UniqueFd first = open_listener(loopback(), shared).value();
  const SocketAddress address = SocketAddress::of_socket(first.get()).value();
  EXPECT_TRUE(open_listener(address, shared));
  const auto refused = open_listener(address, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::OsError);
  EXPECT_EQ(refused.error().os_errno, EADDRINUSE);
}

TEST(Socket, ReportsARefusedConnection) {
  SocketAddress address;
  {
    const UniqueFd listener = open_listener(loopback(), {}).value();
    address = SocketAddress::of_socket(listener.get()).value();
  }
  auto client = start_connect(address);
  if (client) {
    ASSERT_TRUE(wait_for(client->get(), POLLOUT));
    const auto outcome = finish_connect(client->get());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().os_errno, ECONNREFUSED);
  } else {
    EXPECT_EQ(client.error().os_errno, ECONNREFUSED);
  }
}

bool is_connected(const UniqueFd& client) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  EXPECT_EQ(::getsockopt(client.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_state == TCP_ESTABLISHED;
}

// On loopback the kernel has answered, or not, when connect() has returned.
TEST(Socket, TurnsAwayWhoKnocksUntilItIsAdopted) {
  for (const char* const host : {"127.0.0.1", "::1"}) {
    UniqueFd listener = open_listener(SocketAddress::parse(host, 0).value(), {}).value();
    const SocketAddress address = SocketAddress::of_socket(listener.get()).value();
    ASSERT_TRUE(turn_away(listener.get()));
    const UniqueFd turned_away = start_connect(address).value();
    EXPECT_FALSE(is_connected(turned_away));

    listener = adopt_listener(std::move(listener)).value();
    const UniqueFd taken = start_connect(address).value();
    EXPECT_TRUE(is_connected(taken));
  }
}

TEST(Socket, LetsInWhoseHandshakeIsUnderWayWhenItTurnsAway) {
  const UniqueFd listener = open_listener(loopback(), {}).value();
  // The kernel ends the handshake with the first bytes only.
  ASSERT_TRUE(set_option(listener.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, 60));
  const UniqueFd client = start_connect(SocketAddress::of_socket(listener.get()).value()).value();
  ASSERT_FALSE(accept_connection(listener.get()).fd.is_open());

  ASSERT_TRUE(turn_away(listener.get()));
  ASSERT_EQ(send(client.get(), std::string_view("hello")).bytes, 5U);

  EXPECT_TRUE(accept_connection(listener.get()).fd.is_open());
}

TEST(Socket, KnowsWhetherAListenerSharesItsPort) {
  EXPECT_TRUE(shares_port(open_listener(loopback(), {.shares_port = true}).value().get()));
  EXPECT_FALSE(shares_port(open_listener(loopback(), {}).value().get()));
}

TEST(Socket, AdoptsAListenerAndRefusesAnythingElse) {
  UniqueFd listener = open_listener(loopback(), {}).value();
  ASSERT_EQ(::fcntl(listener.get(), F_SETFL, 0), 0);
  ASSERT_EQ(::fcntl(listener.get(), F_SETFD, 0), 0);
  const auto adopted = adopt_listener(std::move(listener));
  ASSERT_TRUE(adopted);
  EXPECT_NE(::fcntl(adopted->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(adopted->get(), F_GETFD) & FD_CLOEXEC, 0);

  EXPECT_FALSE(adopt_listener(UniqueFd()));
  EXPECT_FALSE(adopt_listener(UniqueFd(::dup(0))));
  EXPECT_FALSE(adopt_listener(UniqueFd(::socket(AF_INET, SOCK_STREAM, 0))));
  EXPECT_FALSE(adopt_listener(UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0))));
}

}  // namespace
}  // namespace pear::io
