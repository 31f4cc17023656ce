#include "keeper/listener_set.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/socket.h"
#include "io/socket_address.h"
#include "io/udp_socket.h"

namespace pear::keeper {
namespace {

using io::UniqueFd;

using config::ListenAddress;

const std::vector<ListenAddress> kAnyPort{{.host = "127.0.0.1", .port = 0}};

// Closed when nobody listens there.
UniqueFd connected(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const address = reinterpret_cast<const sockaddr*>(&to);
  if (!fd.is_open() || ::connect(fd.get(), address, sizeof(to)) != 0) return {};
  return fd;
}

bool can_connect(std::uint16_t port) {
  return connected(port).is_open();
}

// Of the ports below those that the kernel gives to clients: who knocks there never meets itself.
std::uint16_t free_port_for_knocking() {
  for (std::uint16_t port = 20'000; port < 32'000; ++port) {
    if (io::open_listener(*io::SocketAddress::parse("127.0.0.1", port), {})) return port;
  }
  return 0;
}

TEST(ListenerSet, OpensOneSocketForEachCoreOnTheSamePort) {
  const auto set = ListenerSet::open({.listen = kAnyPort}, 4);

  ASSERT_TRUE(set) << set.error().text;
  ASSERT_EQ(set->addresses().size(), 1U);
  EXPECT_EQ(set->addresses()[0].sockets.size(), 4U);
  EXPECT_NE(set->addresses()[0].address.port, 0);
  EXPECT_TRUE(can_connect(set->addresses()[0].address.port));
}

TEST(ListenerSet, KeepsItsSocketsFromProgramsThatItsProcessRuns) {
  const auto set = ListenerSet::open({.listen = kAnyPort}, 1);

  ASSERT_TRUE(set);
  EXPECT_EQ(::fcntl(set->fds_by_address()[0][0], F_GETFD), FD_CLOEXEC);
  EXPECT_NE(::fcntl(set->fds_by_address()[0][0], F_GETFL) & O_NONBLOCK, 0);
}

TEST(ListenerSet, StopsListeningWhenItGoes) {
  std::uint16_t port = 0;
  {
    const auto set = ListenerSet::open({.listen = kAnyPort}, 2);
    ASSERT_TRUE(set);
    port = set->addresses()[0].address.port;
  }
  EXPECT_FALSE(can_connect(port));
}

TEST(ListenerSet, RefusesAnAddressThatAnotherSetListensOnAndSaysWhatToDo) {
  const auto first = ListenerSet::open({.listen = kAnyPort}, 2);
  ASSERT_TRUE(first);

  const auto second = ListenerSet::open({.listen = first->listen_addresses()}, 2);

  ASSERT_FALSE(second);
  const std::string port = std::to_string(first->addresses()[0].address.port);
  EXPECT_EQ(second.error().text,
            "cannot listen on 127.0.0.1:" + port +
                ": another program listens there. Stop it (ss -ltnp 'sport = :" + port +
                "' shows it) or choose another port with --listen");
}

TEST(ListenerSet, NamesTheOptionOfHttpsWhereItsAddressIsTaken) {
  const auto first = ListenerSet::open({.listen = kAnyPort}, 2);
  ASSERT_TRUE(first);

  for (const bool http3 : {true, false}) {
    const auto second = ListenerSet::open(
        {.listen = kAnyPort, .https = first->listen_addresses(), .http3 = http3}, 2);

    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().text.ends_with("or choose another port with --https"))
        << second.error().text;
  }
}

TEST(ListenerSet, OpensNothingByUdpWhereHttp3IsOff) {
  const auto set = ListenerSet::open({.listen = kAnyPort, .https = kAnyPort, .http3 = false}, 1);

  ASSERT_TRUE(set) << set.error().text;
  EXPECT_EQ(set->listen_addresses().size(), 2U);
  EXPECT_EQ(set->addresses().size(), 2U);
}

TEST(ListenerSet, KeepsEveryConnectionFromTheFirstMomentThatItListens) {
  const std::uint16_t port = free_port_for_knocking();
  for (int round = 0; round < 200; ++round) {
    UniqueFd first;
    std::atomic<int> knocks = 0;
    std::jthread knocking([&] {
      while (!first.is_open()) {
        first = connected(port);
        ++knocks;
      }
    });
    while (knocks < 3) continue;
    const auto set = ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = port}}}, 2);
    knocking.join();

    ASSERT_TRUE(set) << set.error().text;
    std::array<char, 1> byte{};
    ASSERT_EQ(::recv(first.get(), byte.data(), byte.size(), MSG_DONTWAIT), -1);
    ASSERT_EQ(errno, EAGAIN) << "round " << round << ": the connection was reset or closed";
  }
}

TEST(ListenerSet, OpensNothingWhenOneAddressIsWrong) {
  std::uint16_t port = 0;
  {
    const auto free_port = ListenerSet::open({.listen = kAnyPort}, 1);
    ASSERT_TRUE(free_port);
    port = free_port->addresses()[0].address.port;
  }

  const auto set = ListenerSet::open(
      {.listen = {{.host = "127.0.0.1", .port = port}, {.host = "localhost"}}}, 1);

  ASSERT_FALSE(set);
  EXPECT_NE(set.error().text.find("\"localhost\": not an IPv4 or IPv6 address"), std::string::npos);
  EXPECT_FALSE(can_connect(port));
}

TEST(ListenerSet, OpensTheSameAddressAgainAtOnceAfterItWasClosed) {
  std::vector<ListenAddress> addresses;
  {
    const auto set = ListenerSet::open({.listen = kAnyPort}, 2);
    ASSERT_TRUE(set);
    addresses = set->listen_addresses();
    EXPECT_TRUE(can_connect(addresses[0].port));
  }
  EXPECT_TRUE(ListenerSet::open({.listen = addresses}, 2));
}

TEST(ListenerSet, AdoptsListeningSocketsAndFindsTheirAddresses) {
  const auto parent = ListenerSet::open({.listen = kAnyPort}, 2);
  ASSERT_TRUE(parent);
  std::vector<std::vector<int>> copies = parent->fds_by_address();
  for (int& fd : copies[0]) fd = ::dup(fd);

  const auto child = ListenerSet::adopt(copies);

  ASSERT_TRUE(child) << child.error().text;
  EXPECT_EQ(child->listen_addresses(), parent->listen_addresses());
  EXPECT_EQ(child->fds_by_address(), copies);
}

TEST(ListenerSet, AdoptsNothingThatDoesNotListen) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const int pipe_end = ::open("/dev/null", O_RDONLY);

  EXPECT_FALSE(ListenerSet::adopt({{socket}}));
  EXPECT_FALSE(ListenerSet::adopt({{pipe_end}}));
  EXPECT_FALSE(ListenerSet::adopt({{999'999}}));
  EXPECT_EQ(::fcntl(socket, F_GETFD), -1) << "it was left open";
}

io::UniqueFd take_udp_port(const ListenAddress& address) {
  return io::open_udp_socket(io::SocketAddress::parse(address.host, address.port).value(), {})
      .value();
}

TEST(ListenerSet, OpensUdpBesideTcpOnTheSamePortForEachCore) {
  const auto set = ListenerSet::open(
      {.listen = kAnyPort, .https = {{.host = "127.0.0.1", .port = 0}, {.host = "::1", .port = 0}}},
      3);

  ASSERT_TRUE(set) << set.error().text;
  EXPECT_TRUE(set->warnings().empty());
  const auto& all = set->addresses();
  ASSERT_EQ(all.size(), 5U);
  for (const std::size_t i : {0U, 1U, 2U}) EXPECT_EQ(all[i].transport, Transport::Tcp);
  for (const std::size_t i : {3U, 4U}) {
    EXPECT_EQ(all[i].transport, Transport::Udp);
    EXPECT_EQ(all[i].address, all[i - 2].address);
    ASSERT_EQ(all[i].sockets.size(), 3U);
  }
  EXPECT_EQ(set->listen_addresses().size(), 3U);
  EXPECT_EQ(set->fds_by_address().size(), 5U);
}

TEST(ListenerSet, GivesEachDatagramToTheCoreThatItBelongsTo) {
  const auto set = ListenerSet::open({.listen = {}, .https = kAnyPort}, 3);
  ASSERT_TRUE(set);
  const auto& udp = set->addresses().at(1);
  auto client = io::UdpSocket::adopt(take_udp_port({.host = "127.0.0.1", .port = 0}));
  ASSERT_TRUE(client);
  for (std::uint8_t core = 0; core < 3; ++core) {
    const std::array<std::uint8_t, 2> datagram{0x40, core};
    const auto sent =
        client->send({.bytes = datagram,
                      .segment = 2,
                      .from = {},
                      .to = io::SocketAddress::parse(udp.address.host, udp.address.port).value()});
    ASSERT_EQ(sent.status, io::Sent::Status::Done);
    pollfd entry{.fd = udp.sockets.at(core).get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&entry, 1, 5000), 1) << core;
  }
}

TEST(ListenerSet, ServesWithoutUdpWhereAnotherProgramHasThePortAndSaysSo) {
  ListenAddress address{.host = "127.0.0.1", .port = 0};
  io::UniqueFd other;
  const auto open_beside_another = [&] {
    // As a second Pear would: its sockets share their port.
    other = io::open_udp_socket(io::SocketAddress::parse(address.host, 0).value(),
                                {.shares_port = true})
                .value();
    address.port = io::SocketAddress::of_socket(other.get())->port();
    return ListenerSet::open({.listen = {}, .https = {address}}, 2);
  };
  auto set = open_beside_another();
  // A port that is free for UDP may be taken for TCP.
  for (int tries = 0; !set && tries < 100; ++tries) set = open_beside_another();

  ASSERT_TRUE(set) << set.error().text;
  ASSERT_EQ(set->addresses().size(), 1U);
  EXPECT_EQ(set->addresses()[0].transport, Transport::Tcp);
  EXPECT_TRUE(can_connect(address.port));
  const std::string port = std::to_string(address.port);
  EXPECT_EQ(set->warnings(),
            std::vector<std::string>{
                "no HTTP/3 on 127.0.0.1:" + port +
                ", where HTTP/1.1 and HTTP/2 are served: another program uses this UDP port. Stop "
                "it (ss -lnup 'sport = :" +
                port + "' shows it) and start Pear anew, or choose another port with --https"});
}

TEST(ListenerSet, AdoptsUdpSocketsTooAndTellsThemApart) {
  auto parent = ListenerSet::open({.listen = kAnyPort, .https = kAnyPort}, 2);
  ASSERT_TRUE(parent);
  std::vector<std::vector<int>> copies = parent->fds_by_address();
  for (auto& fds : copies) {
    for (int& fd : fds) fd = ::dup(fd);
  }

  auto child = ListenerSet::adopt(copies);

  ASSERT_TRUE(child) << child.error().text;
  EXPECT_EQ(child->fds_by_address(), copies);
  EXPECT_EQ(child->listen_addresses(), parent->listen_addresses());
  EXPECT_EQ(child->addresses().at(2).transport, Transport::Udp);
  EXPECT_EQ(child->addresses().at(2).address, parent->addresses().at(2).address);
  EXPECT_EQ(::fcntl(copies[2][0], F_GETFD), FD_CLOEXEC);

  const auto udp = child->release(Transport::Udp);
  EXPECT_EQ(udp, (std::vector<std::vector<int>>{copies[2]}));
  EXPECT_EQ(child->fds_by_address(), (std::vector<std::vector<int>>{copies[0], copies[1]}));
  for (const int fd : udp[0]) ::close(fd);
}

TEST(ListenerSet, AdoptsUdpOnlyBesideTcpAndNeverWithItInOneGroup) {
  const auto udp = [] { return take_udp_port({.host = "127.0.0.1", .port = 0}).release(); };
  auto tcp = ListenerSet::open({.listen = kAnyPort}, 1);
  ASSERT_TRUE(tcp);

  const auto alone = ListenerSet::adopt({{udp()}});
  EXPECT_FALSE(ListenerSet::adopt({{tcp->release(Transport::Tcp)[0][0], udp()}}));

  ASSERT_FALSE(alone);
  EXPECT_NE(alone.error().text.find("only UDP sockets"), std::string::npos);
}

TEST(ListenAddressText, PutsIpv6IntoBrackets) {
  EXPECT_EQ(to_text(ListenAddress{.host = "127.0.0.1", .port = 80}), "127.0.0.1:80");
  EXPECT_EQ(to_text(ListenAddress{.host = "::1", .port = 80}), "[::1]:80");
}

}  // namespace
}  // namespace pear::keeper
