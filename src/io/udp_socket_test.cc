#include "io/udp_socket.h"

#include <cerrno>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "io/socket.h"
#include "io/socket_option.h"

namespace pear::io {
namespace {

using Bytes = std::vector<std::uint8_t>;

SocketAddress address(std::string_view host, std::uint16_t port = 0) {
  return SocketAddress::parse(host, port).value();
}

UdpSocket open_at(std::string_view host) {
  return UdpSocket::adopt(open_udp_socket(address(host), {}).value()).value();
}

// One that asks the kernel for datagrams without a checksum, which GSO refuses. As a receiver it
// takes such ones.
UdpSocket open_without_gso(std::string_view host) {
  UniqueFd fd = open_udp_socket(address(host), {}).value();
  if (SocketAddress::of_socket(fd.get())->is_ipv6()) {
    EXPECT_TRUE(set_option(fd.get(), SOL_UDP, UDP_NO_CHECK6_TX, 1));
    EXPECT_TRUE(set_option(fd.get(), SOL_UDP, UDP_NO_CHECK6_RX, 1));
  } else {
    EXPECT_TRUE(set_option(fd.get(), SOL_SOCKET, SO_NO_CHECK, 1));
  }
  return UdpSocket::adopt(std::move(fd)).value();
}

Bytes random_bytes(std::size_t size, std::uint32_t seed) {
  std::minstd_rand random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 8U);
  return bytes;
}

struct Taken {
  std::vector<Bytes> datagrams;
  std::vector<SocketAddress> from;
  std::vector<SocketAddress> to;
};

// Until `count` datagrams have come, or none comes for seconds.
Taken take(UdpSocket& socket, std::size_t count) {
  DatagramBuffers buffers;
  Taken taken;
  while (taken.datagrams.size() < count) {
    pollfd entry{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 5000) != 1) break;
    socket.receive(buffers, [&](const Datagram& datagram) {
      taken.datagrams.emplace_back(datagram.bytes.begin(), datagram.bytes.end());
      taken.from.push_back(datagram.from);
      taken.to.push_back(datagram.to);
    });
  }
  return taken;
}

std::vector<Bytes> cut(const Bytes& bytes, std::size_t segment) {
  std::vector<Bytes> out;
  for (std::size_t at = 0; at < bytes.size(); at += segment) {
    const std::size_t end = std::min(at + segment, bytes.size());
    out.emplace_back(bytes.data() + at, bytes.data() + end);
  }
  return out;
}

TEST(UdpSocket, IsOpenedForOneOwnerUnlessAllShareThePort) {
  const UniqueFd first = open_udp_socket(address("127.0.0.1"), {.shares_port = true}).value();
  const SocketAddress local = SocketAddress::of_socket(first.get()).value();

  EXPECT_TRUE(open_udp_socket(local, {.shares_port = true}));
  const auto refused = open_udp_socket(local, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().os_errno, EADDRINUSE);
  EXPECT_TRUE(open_udp_socket(address("::1", local.port()), {})) << "IPv6 is a port of its own";
}

TEST(UdpSocket, IsAdoptedAndNothingElseIs) {
  UniqueFd socket = open_udp_socket(address("127.0.0.1"), {}).value();
  ASSERT_EQ(::fcntl(socket.get(), F_SETFL, 0), 0);
  ASSERT_EQ(::fcntl(socket.get(), F_SETFD, 0), 0);

  const auto adopted = adopt_udp_socket(std::move(socket));

  ASSERT_TRUE(adopted);
  EXPECT_NE(::fcntl(adopted->get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(adopted->get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_FALSE(adopt_udp_socket(UniqueFd()));
  EXPECT_FALSE(adopt_udp_socket(UniqueFd(::dup(0))));
  EXPECT_FALSE(adopt_udp_socket(UniqueFd(::socket(AF_INET, SOCK_DGRAM, 0)))) << "not bound";
  EXPECT_FALSE(adopt_udp_socket(UniqueFd(::socket(AF_UNIX, SOCK_DGRAM, 0))));
  EXPECT_FALSE(adopt_udp_socket(open_listener(address("127.0.0.1"), {}).value()));
}

TEST(UdpSocket, TellsWhoSentADatagramAndToWhichOfItsAddresses) {
  UdpSocket server = open_at("0.0.0.0");
  UdpSocket client = open_at("127.0.0.1");
  const SocketAddress second = address("127.0.0.2", server.local().port());
  const Bytes ping{1, 2, 3};

  const Sent sent = client.send({.bytes = ping, .segment = 1200, .from = {}, .to = second});
  const Taken asked = take(server, 1);

  EXPECT_EQ(sent.status, Sent::Status::Done);
  EXPECT_EQ(sent.bytes, 3U);
  ASSERT_EQ(asked.datagrams, (std::vector<Bytes>{ping}));
  EXPECT_EQ(asked.from[0], client.local());
  EXPECT_EQ(asked.to[0], second);

  const Bytes pong{4};
  EXPECT_EQ(server.send({.bytes = pong, .segment = 1, .from = second, .to = client.local()}).bytes,
            1U);
  const Taken answered = take(client, 1);
  ASSERT_EQ(answered.datagrams, (std::vector<Bytes>{pong}));
  EXPECT_EQ(answered.from[0], second) << "the kernel alone would answer from 127.0.0.1";
}

TEST(UdpSocket, SpeaksIpv6) {
  UdpSocket server = open_at("::");
  UdpSocket client = open_at("::1");
  const SocketAddress target = address("::1", server.local().port());
  const Bytes bytes = random_bytes(5'000, 1);

  EXPECT_EQ(client.send({.bytes = bytes, .segment = 1'200, .from = target, .to = target}).bytes,
            bytes.size());
  const Taken taken = take(server, 5);

  EXPECT_EQ(taken.datagrams, cut(bytes, 1'200));
  EXPECT_EQ(taken.from.at(0), client.local());
  EXPECT_EQ(taken.to.at(4), target);
}

TEST(UdpSocket, CarriesTrainsWholeWithAndWithoutHelpOfTheKernel) {
  std::uint32_t seed = 1;
  for (const std::string_view host : {"127.0.0.1", "::1"}) {
    for (const bool gso : {true, false}) {
      UdpSocket server = gso ? open_at(host) : open_without_gso(host);
      UdpSocket client = gso ? open_at(host) : open_without_gso(host);
      for (const std::size_t segment : {1U, 2U, 7U, 1'199U, 1'200U, 1'452U, 9'000U, 60'000U}) {
        for (const std::size_t count : {1U, 2U, 11U, 63U, 64U, 65U, 130U}) {
          // The last datagram is shorter, where it can be.
          const std::size_t size = (segment * count) - (segment / 3);
          if (size > 200'000) continue;  // More than every machine lets a socket hold.
          const Bytes bytes = random_bytes(size, ++seed);
          const Sent sent =
              client.send({.bytes = bytes, .segment = segment, .from = {}, .to = server.local()});
          ASSERT_EQ(sent.status, Sent::Status::Done) << sent.os_errno;
          ASSERT_EQ(sent.bytes, bytes.size());
          ASSERT_EQ(take(server, count).datagrams, cut(bytes, segment))
              << host << ' ' << gso << ' ' << segment << " * " << count;
        }
      }
    }
  }
}

TEST(UdpSocket, TakesSixteenMessagesAtATimeAndSaysWhetherThereAreMore) {
  UdpSocket server = open_at("127.0.0.1");
  UdpSocket client = open_at("127.0.0.1");
  DatagramBuffers buffers;
  const auto count = [](const Datagram& datagram) { EXPECT_EQ(datagram.bytes.size(), 1U); };
  for (std::uint8_t i = 0; i < 20; ++i) {
    ASSERT_EQ(client.send({.bytes = {&i, 1}, .segment = 1, .from = {}, .to = server.local()}).bytes,
              1U);
  }
  pollfd entry{.fd = server.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&entry, 1, 5000), 1);

  const Received first = server.receive(buffers, count);
  const Received second = server.receive(buffers, count);
  const Received third = server.receive(buffers, count);

  EXPECT_EQ(first.datagrams, 16U);
  EXPECT_FALSE(first.drained);
  EXPECT_EQ(second.datagrams, 4U);
  EXPECT_TRUE(second.drained);
  EXPECT_EQ(third.datagrams, 0U);
  EXPECT_TRUE(third.drained);
}

TEST(UdpSocket, LetsDatagramsBeChangedInPlace) {
  UdpSocket server = open_at("127.0.0.1");
  UdpSocket client = open_at("127.0.0.1");
  DatagramBuffers buffers;
  const Bytes train(3 * 1'200, 7);
  ASSERT_EQ(client.send({.bytes = train, .segment = 1'200, .from = {}, .to = server.local()}).bytes,
            train.size());
  pollfd entry{.fd = server.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&entry, 1, 5000), 1);

  const Received received = server.receive(buffers, [](const Datagram& datagram) {
    EXPECT_EQ(datagram.bytes[0], 7) << "what was written to the one before stays in it";
    for (std::uint8_t& byte : datagram.bytes) byte = 0;
  });

  EXPECT_EQ(received.datagrams, 3U);
}

TEST(UdpSocket, SurvivesWhatCannotBeSent) {
  UdpSocket server = open_at("127.0.0.1");
  for (const bool gso : {true, false}) {
    UdpSocket client = gso ? open_at("127.0.0.1") : open_without_gso("127.0.0.1");
    // 65,507 bytes are the most that an IPv4 packet holds.
    const Bytes bytes(2 * 65'508, 1);
    const Sent too_long =
        client.send({.bytes = bytes, .segment = 65'508, .from = {}, .to = server.local()});
    EXPECT_EQ(too_long.status, Sent::Status::Failed);
    EXPECT_EQ(too_long.os_errno, EMSGSIZE);
    EXPECT_EQ(too_long.bytes, 0U);
    const Sent from_elsewhere = client.send(
        {.bytes = bytes, .segment = 1'000, .from = address("198.51.100.1"), .to = server.local()});
    EXPECT_EQ(from_elsewhere.status, Sent::Status::Failed);
    EXPECT_EQ(from_elsewhere.bytes, 0U);

    EXPECT_EQ(
        client.send({.bytes = bytes, .segment = 1'000, .from = {}, .to = server.local()}).bytes,
        bytes.size());
    EXPECT_EQ(take(server, 132).datagrams, cut(bytes, 1'000));
  }
}

TEST(UdpSocket, SendsNothingWhereThereIsNothing) {
  UdpSocket client = open_at("127.0.0.1");
  const Sent sent = client.send({.bytes = {}, .segment = 1, .from = {}, .to = client.local()});
  EXPECT_EQ(sent.status, Sent::Status::Done);
  EXPECT_EQ(sent.bytes, 0U);
}

TEST(UdpSocket, PassesOverErrorsThatEarlierDatagramsHaveCaused) {
  UniqueFd fd = open_udp_socket(address("127.0.0.1"), {}).value();
  ASSERT_TRUE(set_option(fd.get(), IPPROTO_IP, IP_RECVERR, 1)) << "so that ICMP is reported";
  UdpSocket server = UdpSocket::adopt(std::move(fd)).value();
  UdpSocket client = open_at("127.0.0.1");
  SocketAddress nobody;
  {
    const UdpSocket gone = open_at("127.0.0.1");
    nobody = gone.local();
  }
  const Bytes byte{1};
  ASSERT_EQ(server.send({.bytes = byte, .segment = 1, .from = {}, .to = nobody}).bytes, 1U);
  pollfd entry{.fd = server.fd(), .events = 0, .revents = 0};
  ASSERT_EQ(::poll(&entry, 1, 5000), 1);
  ASSERT_NE(entry.revents & POLLERR, 0);
  ASSERT_EQ(client.send({.bytes = byte, .segment = 1, .from = {}, .to = server.local()}).bytes, 1U);

  EXPECT_EQ(take(server, 1).datagrams, (std::vector<Bytes>{byte}));
}

}  // namespace
}  // namespace pear::io
