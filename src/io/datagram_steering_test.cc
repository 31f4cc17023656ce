#include "io/datagram_steering.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "io/udp_socket.h"

namespace pear::io {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(CoreOfDatagram, IsTheFirstByteOfTheConnectionIdThatItIsSentTo) {
  const Bytes long_header{0xC3, 0, 0, 0, 1, 8, 77, 1, 2, 3, 4, 5, 6, 7};
  const Bytes short_header{0x43, 78, 1, 2, 3, 4, 5, 6, 7};

  EXPECT_EQ(core_of_datagram(long_header, 4), 77U % 4);
  EXPECT_EQ(core_of_datagram(short_header, 4), 78U % 4);
  EXPECT_EQ(core_of_datagram(short_header, 1), 0U);
  EXPECT_EQ(core_of_datagram(short_header, 300), 78U);
}

TEST(CoreOfDatagram, IsNoneForARunt) {
  EXPECT_EQ(core_of_datagram({}, 4), std::nullopt);
  EXPECT_EQ(core_of_datagram(Bytes{0x40}, 4), std::nullopt);
  EXPECT_EQ(core_of_datagram(Bytes{0x40, 5}, 4), 1U);
  EXPECT_EQ(core_of_datagram(Bytes{0xC0, 0, 0, 0, 1, 8}, 4), std::nullopt);
  EXPECT_EQ(core_of_datagram(Bytes{0xC0, 0, 0, 0, 1, 8, 5}, 4), 1U);
}

// Sockets that share a port, in the order in which they were bound.
class Group {
 public:
  Group(std::string_view host, unsigned sockets) {
    SocketAddress at = SocketAddress::parse(host, 0).value();
    for (unsigned i = 0; i < sockets; ++i) {
      auto opened = UdpSocket::adopt(open_udp_socket(at, {.shares_port = true}).value());
      at = opened->local();
      sockets_.push_back(*std::move(opened));
    }
  }

  [[nodiscard]] UdpSocket& operator[](std::size_t i) { return sockets_[i]; }
  [[nodiscard]] unsigned size() const { return static_cast<unsigned>(sockets_.size()); }

  // Which socket received the one datagram that is on its way.
  std::optional<unsigned> receive_one(Bytes& bytes) {
    std::vector<pollfd> entries;
    for (const UdpSocket& socket : sockets_) {
      entries.push_back({.fd = socket.fd(), .events = POLLIN, .revents = 0});
    }
    if (::poll(entries.data(), entries.size(), 5000) != 1) return std::nullopt;
    for (unsigned i = 0; i < size(); ++i) {
      if (entries[i].revents == 0) continue;
      const auto keep = [&](const Datagram& datagram) {
        bytes.assign(datagram.bytes.begin(), datagram.bytes.end());
      };
      if (sockets_[i].receive(buffers_, keep).datagrams == 1) return i;
    }
    return std::nullopt;
  }

 private:
  std::vector<UdpSocket> sockets_;
  DatagramBuffers buffers_;
};

TEST(DatagramSteering, OfTheKernelAgreesWithCoreOfDatagram) {
  std::minstd_rand random(20);
  const auto next = [&](unsigned below) { return static_cast<unsigned>(random() >> 8U) % below; };
  for (const std::string_view host : {"127.0.0.1", "::1"}) {
    for (const unsigned sockets : {1U, 2U, 3U, 5U, 16U}) {
      Group group(host, sockets);
      ASSERT_TRUE(steer_by_connection_id(group[0].fd(), sockets));
      UdpSocket client =
          UdpSocket::adopt(open_udp_socket(SocketAddress::parse(host, 0).value(), {}).value())
              .value();
      for (int i = 0; i < 500; ++i) {
        Bytes datagram(1 + next(i % 10 == 0 ? 1'400 : 12));
        for (std::uint8_t& byte : datagram) byte = static_cast<std::uint8_t>(next(256));
        ASSERT_EQ(client
                      .send({.bytes = datagram,
                             .segment = datagram.size(),
                             .from = {},
                             .to = group[0].local()})
                      .bytes,
                  datagram.size());
        Bytes received;
        const auto core = group.receive_one(received);
        ASSERT_TRUE(core) << "it went nowhere, or to several";
        ASSERT_EQ(received, datagram);
        ASSERT_EQ(*core, core_of_datagram(datagram, sockets).value_or(*core));
      }
    }
  }
}

TEST(DatagramSteering, CanBeAskedForAgain) {
  Group group("127.0.0.1", 2);
  EXPECT_TRUE(steer_by_connection_id(group[0].fd(), 2));
  EXPECT_TRUE(steer_by_connection_id(group[1].fd(), 2));
}

TEST(DatagramSteering, NeedsSocketsThatShareAPort) {
  const UniqueFd alone = open_udp_socket(SocketAddress::parse("127.0.0.1", 0).value(), {}).value();

  const auto refused = steer_by_connection_id(alone.get(), 1);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().os_errno, EINVAL);
}

}  // namespace
}  // namespace pear::io
