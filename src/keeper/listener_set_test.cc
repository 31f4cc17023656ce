#include "keeper/listener_set.h"

#include <cstdint>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using io::UniqueFd;

using config::ListenAddress;

const std::vector<ListenAddress> kAnyPort{{.host = "127.0.0.1", .port = 0}};

bool can_connect(std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
}

TEST(ListenerSet, OpensOneSocketForEachCoreOnTheSamePort) {
  const auto set = ListenerSet::open(kAnyPort, 4);

  ASSERT_TRUE(set) << set.error().text;
  ASSERT_EQ(set->addresses().size(), 1U);
  EXPECT_EQ(set->addresses()[0].sockets.size(), 4U);
  EXPECT_NE(set->addresses()[0].address.port, 0);
  EXPECT_TRUE(can_connect(set->addresses()[0].address.port));
}

TEST(ListenerSet, KeepsItsSocketsFromProgramsThatItsProcessRuns) {
  const auto set = ListenerSet::open(kAnyPort, 1);

  ASSERT_TRUE(set);
  EXPECT_EQ(::fcntl(set->fds_by_address()[0][0], F_GETFD), FD_CLOEXEC);
  EXPECT_NE(::fcntl(set->fds_by_address()[0][0], F_GETFL) & O_NONBLOCK, 0);
}

TEST(ListenerSet, StopsListeningWhenItGoes) {
  std::uint16_t port = 0;
  {
    const auto set = ListenerSet::open(kAnyPort, 2);
    ASSERT_TRUE(set);
    port = set->addresses()[0].address.port;
  }
  EXPECT_FALSE(can_connect(port));
}

TEST(ListenerSet, RefusesAnAddressThatAnotherSetListensOnAndSaysWhatToDo) {
  const auto first = ListenerSet::open(kAnyPort, 2);
  ASSERT_TRUE(first);

  const auto second = ListenerSet::open(first->listen_addresses(), 2);

  ASSERT_FALSE(second);
  const std::string port = std::to_string(first->addresses()[0].address.port);
  EXPECT_EQ(second.error().text,
            "cannot listen on 127.0.0.1:" + port +
                ": another program listens there. Stop it (ss -ltnp 'sport = :" + port +
                "' shows it) or choose another port with --listen");
}

TEST(ListenerSet, OpensNothingWhenOneAddressIsWrong) {
  std::uint16_t port = 0;
  {
    const auto free_port = ListenerSet::open(kAnyPort, 1);
    ASSERT_TRUE(free_port);
    port = free_port->addresses()[0].address.port;
  }

  const auto set =
      ListenerSet::open({{.host = "127.0.0.1", .port = port}, {.host = "localhost"}}, 1);

  ASSERT_FALSE(set);
  EXPECT_NE(set.error().text.find("\"localhost\": not an IPv4 or IPv6 address"), std::string::npos);
  EXPECT_FALSE(can_connect(port));
}

TEST(ListenerSet, OpensTheSameAddressAgainAtOnceAfterItWasClosed) {
  std::vector<ListenAddress> addresses;
  {
    const auto set = ListenerSet::open(kAnyPort, 2);
    ASSERT_TRUE(set);
    addresses = set->listen_addresses();
    EXPECT_TRUE(can_connect(addresses[0].port));
  }
  EXPECT_TRUE(ListenerSet::open(addresses, 2));
}

TEST(ListenerSet, AdoptsListeningSocketsAndFindsTheirAddresses) {
  const auto parent = ListenerSet::open(kAnyPort, 2);
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

TEST(ListenAddressText, PutsIpv6IntoBrackets) {
  EXPECT_EQ(to_text(ListenAddress{.host = "127.0.0.1", .port = 80}), "127.0.0.1:80");
  EXPECT_EQ(to_text(ListenAddress{.host = "::1", .port = 80}), "[::1]:80");
}

}  // namespace
}  // namespace pear::keeper
