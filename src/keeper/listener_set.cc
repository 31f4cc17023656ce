#include "keeper/listener_set.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <tuple>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "base/assert.h"
#include "io/datagram_steering.h"
#include "io/os_error.h"
#include "io/socket.h"
#include "io/socket_address.h"
#include "io/socket_option.h"
#include "io/udp_socket.h"

namespace pear::keeper {

namespace {

using io::SocketAddress;
using io::UniqueFd;

// Free ports of TCP that are tried before one is used that is not free for UDP.
constexpr int kFreePortAttempts = 16;

config::ListenAddress to_listen_address(const SocketAddress& address) {
  return {.host = address.host(), .port = address.port()};
}

// An address, and the option that names another one.
struct Wanted {
  config::ListenAddress address;
  std::string_view option;
};
constexpr std::string_view kListen = "--listen";
constexpr std::string_view kHttps = "--https";

std::string advice_for(int code, const Wanted& wanted) {
  switch (code) {
    case EADDRINUSE:
      return fmt::format(
          "another program listens there. Stop it (ss -ltnp 'sport = :{}' shows it) or "
          "choose another port with {}",
          wanted.address.port, wanted.option);
    case EACCES:
      return "ports below 1024 need the capability CAP_NET_BIND_SERVICE, or a port handed over by "
             "systemd (LISTEN_FDS)";
    case EADDRNOTAVAIL:
      return "this machine has no such address (ip addr shows those that it has)";
    case EAFNOSUPPORT:
      return "this machine has no IPv6";
    case EMFILE:
    case ENFILE:
      return "no file descriptors are left (ulimit -n)";
    default:
      return ::strerrordesc_np(code);
  }
}

ListenProblem cannot_listen(const Wanted& wanted, int code) {
  return {
      fmt::format("cannot listen on {}: {}", to_text(wanted.address), advice_for(code, wanted))};
}

// With SO_REUSEPORT; or alone, which fails where somebody listens, with it or without.
enum class Port : std::uint8_t { Shared, Alone };

// A bound socket that does not listen yet.
Result<UniqueFd> bind_socket(const SocketAddress& address, Port port) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return io::fail_os("socket() failed");
  // Without SO_REUSEADDR the address would stay taken for a minute after the last server.
  PEAR_TRY(io::set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1));
  if (port == Port::Shared) PEAR_TRY(io::set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1));
  // [::] is IPv6 alone, so that 0.0.0.0 can stand beside it whatever the machine's default is.
  if (address.is_ipv6()) PEAR_TRY(io::set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  if (::bind(fd.get(), address.system(), address.system_size()) != 0) {
    return io::fail_os("bind() failed");
  }
  return fd;
}

std::expected<ListenerSet::Address, ListenProblem> open_tcp(const Wanted& wanted,
                                                            std::uint32_t sockets_each) {
  const config::ListenAddress& address = wanted.address;
  auto target = SocketAddress::parse(address.host, address.port);
  if (!target) {
    return std::unexpected(
        ListenProblem{fmt::format("cannot listen on \"{}\": not an IPv4 or IPv6 address. Names are "
                                  "not looked up; use 127.0.0.1, "
                                  "0.0.0.0 or [::]",
                                  address.host)});
  }
  const auto refuse = [&](int code) {
    return std::unexpected(
        cannot_listen({.address = to_listen_address(*target), .option = wanted.option}, code));
  };
  // SO_REUSEPORT would let a second Pear of the same user take half of the connections of the first
  // one. What asks must not listen itself: whoever connected to it would be reset when it closes.
  if (address.port != 0) {
    if (const auto probe = bind_socket(*target, Port::Alone); !probe)
      return refuse(probe.error().os_errno);
  }
  ListenerSet::Address out;
  for (std::uint32_t i = 0; i < sockets_each; ++i) {
    auto fd = bind_socket(*target, Port::Shared);
    if (!fd) return refuse(fd.error().os_errno);
    // The port that the first one got is that of the others.
    if (const auto bound = SocketAddress::of_socket(fd->get())) target = *bound;
    out.sockets.push_back(*std::move(fd));
  }
  // Listening begins when all are bound: the kernel spreads over those that listen.
  for (const UniqueFd& fd : out.sockets) {
    if (::listen(fd.get(), ListenerSet::kBacklog) != 0) return refuse(errno);
  }
  out.address = to_listen_address(*target);
  return out;
}

// The UDP sockets of an address, or errno.
std::expected<ListenerSet::Address, int> open_udp(const config::ListenAddress& address,
                                                  std::uint32_t sockets_each) {
  const auto target = SocketAddress::parse(address.host, address.port);
  PEAR_ASSERT(target, "it is listened on by TCP");
  // As with TCP: the port is shared by the sockets of this process alone.
  if (const auto probe = io::open_udp_socket(*target, {}); !probe) {
    return std::unexpected(probe.error().os_errno);
  }
  ListenerSet::Address out{.address = address, .transport = Transport::Udp, .sockets = {}};
  for (std::uint32_t i = 0; i < sockets_each; ++i) {
    auto fd = io::open_udp_socket(*target, {.shares_port = true});
    if (!fd) return std::unexpected(fd.error().os_errno);
    out.sockets.push_back(*std::move(fd));
  }
  // A kernel that cannot do it spreads datagrams by their addresses: the cores then hand them on.
  std::ignore = io::steer_by_connection_id(out.sockets.front().get(), sockets_each);
  return out;
}

std::string without_udp(const config::ListenAddress& address, int code) {
  const std::string why =
      code == EADDRINUSE
          ? fmt::format(
                "another program uses this UDP port. Stop it (ss -lnup 'sport = :{}' shows "
                "it) and start Pear anew, or choose another port with {}",
                address.port, kHttps)
          : advice_for(code, {.address = address, .option = kHttps});
  return fmt::format("no HTTP/3 on {}, where HTTP/1.1 and HTTP/2 are served: {}", to_text(address),
                     why);
}

struct TcpAndUdp {
  ListenerSet::Address tcp;
  std::expected<ListenerSet::Address, int> udp;
};

std::expected<TcpAndUdp, ListenProblem> open_both(const config::ListenAddress& address,
                                                  std::uint32_t sockets_each) {
  int attempts = address.port == 0 ? kFreePortAttempts : 1;
  while (true) {
    auto tcp = open_tcp({.address = address, .option = kHttps}, sockets_each);
    if (!tcp) return std::unexpected(std::move(tcp).error());
    auto udp = open_udp(tcp->address, sockets_each);
    if (udp || udp.error() != EADDRINUSE || --attempts == 0) {
      return TcpAndUdp{.tcp = *std::move(tcp), .udp = std::move(udp)};
    }
  }
}

// The socket, made fit for use; nothing when it is not one of this transport.
Result<UniqueFd> adopt_socket(UniqueFd fd, Transport transport) {
  return transport == Transport::Udp ? io::adopt_udp_socket(std::move(fd))
                                     : io::adopt_listener(std::move(fd));
}

Transport transport_of(const UniqueFd& socket) {
  const auto type = io::option(socket.get(), SOL_SOCKET, SO_TYPE);
  return type && *type == SOCK_DGRAM ? Transport::Udp : Transport::Tcp;
}

}  // namespace

std::expected<ListenerSet, ListenProblem> ListenerSet::open(const Plan& plan,
                                                            std::uint32_t sockets_each) {
  std::vector<Wanted> by_tcp;
  by_tcp.reserve(plan.listen.size() + plan.https.size());
  for (const config::ListenAddress& address : plan.listen) by_tcp.push_back({address, kListen});
  if (!plan.http3) {
    for (const config::ListenAddress& address : plan.https) by_tcp.push_back({address, kHttps});
  }
  ListenerSet set;
  for (const Wanted& wanted : by_tcp) {
    auto opened = open_tcp(wanted, sockets_each);
    if (!opened) return std::unexpected(std::move(opened).error());
    set.addresses_.push_back(*std::move(opened));
  }
  if (!plan.http3) return set;
  std::vector<Address> by_udp;
  for (const config::ListenAddress& address : plan.https) {
    auto opened = open_both(address, sockets_each);
    if (!opened) return std::unexpected(std::move(opened).error());
    if (opened->udp) {
      by_udp.push_back(*std::move(opened->udp));
    } else {
      set.warnings_.push_back(without_udp(opened->tcp.address, opened->udp.error()));
    }
    set.addresses_.push_back(std::move(opened->tcp));
  }
  std::ranges::move(by_udp, std::back_inserter(set.addresses_));
  return set;
}

std::expected<ListenerSet, ListenProblem> ListenerSet::adopt(
    const std::vector<std::vector<int>>& fds_by_address) {
  ListenerSet set;
  for (const std::vector<int>& fds : fds_by_address) {
    Address& address = set.addresses_.emplace_back();
    for (const int fd : fds) address.sockets.emplace_back(fd);
  }
  for (Address& address : set.addresses_) {
    address.transport = transport_of(address.sockets.front());
    for (UniqueFd& fd : address.sockets) {
      const int number = fd.get();
      const auto bound = SocketAddress::of_socket(number);
      auto adopted = adopt_socket(std::move(fd), address.transport);
      if (!adopted || !bound || bound->family() == AF_UNSPEC) {
        return std::unexpected(ListenProblem{fmt::format(
            "the inherited descriptor {} is not a listening TCP socket, nor a UDP socket with a "
            "port: in the systemd socket unit, use ListenStream= with an address and port, and "
            "ListenDatagram= with the same for HTTP/3",
            number)});
      }
      fd = *std::move(adopted);
      address.address = to_listen_address(*bound);
    }
  }
  if (!set.addresses_.empty() && set.listen_addresses().empty()) {
    return std::unexpected(
        ListenProblem{"only UDP sockets were handed over: in the systemd socket unit, use "
                      "ListenStream= with the same address and port too"});
  }
  return set;
}

std::vector<std::vector<int>> ListenerSet::fds_by_address() const {
  std::vector<std::vector<int>> out;
  for (const Address& address : addresses_) {
    std::vector<int>& fds = out.emplace_back();
    for (const UniqueFd& fd : address.sockets) fds.push_back(fd.get());
  }
  return out;
}

std::vector<std::vector<int>> ListenerSet::release(Transport transport) {
  std::vector<std::vector<int>> out;
  for (Address& address : addresses_) {
    if (address.transport != transport) continue;
    std::vector<int>& fds = out.emplace_back();
    for (UniqueFd& fd : address.sockets) fds.push_back(fd.release());
  }
  close(transport);
  return out;
}

void ListenerSet::close(Transport transport) {
  std::erase_if(addresses_, [&](const Address& address) { return address.transport == transport; });
}

std::vector<config::ListenAddress> ListenerSet::listen_addresses() const {
  std::vector<config::ListenAddress> out;
  for (const Address& address : addresses_) {
    if (address.transport == Transport::Tcp) out.push_back(address.address);
  }
  return out;
}

std::string to_text(const config::ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace pear::keeper
