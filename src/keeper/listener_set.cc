#include "keeper/listener_set.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "io/os_error.h"
#include "io/socket.h"
#include "io/socket_address.h"
#include "io/socket_option.h"

namespace pear::keeper {

namespace {

using io::SocketAddress;
using io::UniqueFd;

config::ListenAddress to_listen_address(const SocketAddress& address) {
  return {.host = address.host(), .port = address.port()};
}

std::string advice_for(int code, const config::ListenAddress& address) {
  switch (code) {
    case EADDRINUSE:
      return fmt::format(
          "another program listens there. Stop it (ss -ltnp 'sport = :{}' shows it) or "
          "choose another port with --listen",
          address.port);
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

ListenProblem cannot_listen(const config::ListenAddress& address, int code) {
  return {fmt::format("cannot listen on {}: {}", to_text(address), advice_for(code, address))};
}

// A bound socket that does not listen yet.
Result<UniqueFd> bind_shared(const SocketAddress& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return io::fail_os("socket() failed");
  // Without SO_REUSEADDR the address would stay taken for a minute after the last server.
  PEAR_TRY(io::set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1));
  PEAR_TRY(io::set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1));
  // [::] is IPv6 alone, so that 0.0.0.0 can stand beside it whatever the machine's default is.
  if (address.is_ipv6()) PEAR_TRY(io::set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  if (::bind(fd.get(), address.system(), address.system_size()) != 0) {
    return io::fail_os("bind() failed");
  }
  return fd;
}

std::expected<ListenerSet::Address, ListenProblem> open_address(
    const config::ListenAddress& address, std::uint32_t sockets_each) {
  auto target = SocketAddress::parse(address.host, address.port);
  if (!target) {
    return std::unexpected(
        ListenProblem{fmt::format("cannot listen on \"{}\": not an IPv4 or IPv6 address. Names are "
                                  "not looked up; use 127.0.0.1, "
                                  "0.0.0.0 or [::]",
                                  address.host)});
  }
  const auto refuse = [&](const Error& error) {
    return std::unexpected(cannot_listen(to_listen_address(*target), error.os_errno));
  };
  // SO_REUSEPORT would let a second Pear of the same user take half of the connections of the first
  // one. Without it listening fails where somebody listens, with it or without.
  if (address.port != 0) {
    if (const auto probe = io::open_listener(*target, {}); !probe) return refuse(probe.error());
  }
  ListenerSet::Address out;
  for (std::uint32_t i = 0; i < sockets_each; ++i) {
    auto fd = bind_shared(*target);
    if (!fd) return refuse(fd.error());
    // The port that the first one got is that of the others.
    if (const auto bound = SocketAddress::of_socket(fd->get())) target = *bound;
    out.sockets.push_back(*std::move(fd));
  }
  // Listening begins when all are bound: the kernel spreads over those that listen.
  for (const UniqueFd& fd : out.sockets) {
    if (::listen(fd.get(), ListenerSet::kBacklog) != 0) {
      return std::unexpected(cannot_listen(to_listen_address(*target), errno));
    }
  }
  out.address = to_listen_address(*target);
  return out;
}

}  // namespace

std::expected<ListenerSet, ListenProblem> ListenerSet::open(
    const std::vector<config::ListenAddress>& addresses, std::uint32_t sockets_each) {
  ListenerSet set;
  for (const config::ListenAddress& address : addresses) {
    auto opened = open_address(address, sockets_each);
    if (!opened) return std::unexpected(std::move(opened).error());
    set.addresses_.push_back(*std::move(opened));
  }
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
    for (UniqueFd& fd : address.sockets) {
      const int number = fd.get();
      const auto bound = SocketAddress::of_socket(number);
      auto adopted = io::adopt_listener(std::move(fd));
      if (!adopted || !bound || bound->family() == AF_UNSPEC) {
        return std::unexpected(
            ListenProblem{fmt::format("the inherited descriptor {} is not a listening TCP socket: "
                                      "in the systemd socket unit, "
                                      "use ListenStream= with an address and port",
                                      number)});
      }
      fd = *std::move(adopted);
      address.address = to_listen_address(*bound);
    }
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

std::vector<std::vector<int>> ListenerSet::release() {
  std::vector<std::vector<int>> out;
  for (Address& address : addresses_) {
    std::vector<int>& fds = out.emplace_back();
    for (UniqueFd& fd : address.sockets) fds.push_back(fd.release());
  }
  addresses_.clear();
  return out;
}

std::vector<config::ListenAddress> ListenerSet::listen_addresses() const {
  std::vector<config::ListenAddress> out;
  out.reserve(addresses_.size());
  for (const Address& address : addresses_) out.push_back(address.address);
  return out;
}

std::string to_text(const config::ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace pear::keeper
