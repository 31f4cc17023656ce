#include "keeper/listener_set.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace pear::keeper {

namespace {

using io::UniqueFd;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

const sockaddr* as_sockaddr(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

template <typename Family>
SocketAddress packed(const Family& address) {
  SocketAddress out;
  static_assert(sizeof(address) <= sizeof(out.storage));
  std::memcpy(&out.storage, &address, sizeof(address));
  out.bytes = sizeof(address);
  return out;
}

std::optional<SocketAddress> to_socket_address(const config::ListenAddress& address) {
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    return packed(v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    return packed(v6);
  }
  return std::nullopt;
}

// The address that a socket is bound to, when it is one of TCP over IP.
std::optional<config::ListenAddress> bound_address(int fd) {
  SocketAddress address;
  address.bytes = sizeof(address.storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.bytes) != 0) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof(v4));
    if (::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()) == nullptr)
      return std::nullopt;
    return config::ListenAddress{.host = text.data(), .port = ntohs(v4.sin_port)};
  }
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof(v6));
    if (::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size()) == nullptr) {
      return std::nullopt;
    }
    return config::ListenAddress{.host = text.data(), .port = ntohs(v6.sin6_port)};
  }
  return std::nullopt;
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

bool set_flag(int fd, int level, int name) {
  const int on = 1;
  return ::setsockopt(fd, level, name, &on, sizeof(on)) == 0;
}

enum class Sharing : std::uint8_t { Exclusive, PerCore };

// A bound socket that does not listen yet, or errno.
std::expected<UniqueFd, int> bind_socket(const SocketAddress& address, Sharing sharing) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.is_open()) return std::unexpected(errno);
  // Without SO_REUSEADDR the address would stay taken for a minute after the last server.
  if (!set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR)) return std::unexpected(errno);
  if (sharing == Sharing::PerCore && !set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT)) {
    return std::unexpected(errno);
  }
  // [::] is IPv6 alone, so that 0.0.0.0 can stand beside it whatever the machine's default is.
  if (address.storage.ss_family == AF_INET6 && !set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY)) {
    return std::unexpected(errno);
  }
  if (::bind(fd.get(), as_sockaddr(address), address.bytes) != 0) return std::unexpected(errno);
  return fd;
}

// SO_REUSEPORT would let a second Pear of the same user take half of the connections of the first
// one. A bind without it fails where somebody listens, with it or without. Returns errno, 0 when
// free.
int probe(const SocketAddress& address) {
  const auto fd = bind_socket(address, Sharing::Exclusive);
  if (!fd) return fd.error();
  return ::listen(fd->get(), 1) == 0 ? 0 : errno;
}

std::expected<ListenerSet::Address, ListenProblem> open_address(config::ListenAddress address,
                                                                std::uint32_t sockets_each) {
  auto target = to_socket_address(address);
  if (!target) {
    return std::unexpected(
        ListenProblem{fmt::format("cannot listen on \"{}\": not an IPv4 or IPv6 address. Names are "
                                  "not looked up; use 127.0.0.1, "
                                  "0.0.0.0 or [::]",
                                  address.host)});
  }
  if (address.port != 0) {
    if (const int code = probe(*target); code != 0) {
      return std::unexpected(cannot_listen(address, code));
    }
  }
  ListenerSet::Address out;
  for (std::uint32_t i = 0; i < sockets_each; ++i) {
    auto fd = bind_socket(*target, Sharing::PerCore);
    if (!fd) return std::unexpected(cannot_listen(address, fd.error()));
    if (address.port == 0) {
      const auto bound = bound_address(fd->get());
      if (!bound) return std::unexpected(cannot_listen(address, errno));
      address.port = bound->port;
      target = to_socket_address(address);
    }
    out.sockets.push_back(*std::move(fd));
  }
  // Listening begins when all are bound: the kernel spreads over those that listen.
  for (const UniqueFd& fd : out.sockets) {
    if (::listen(fd.get(), ListenerSet::kBacklog) != 0) {
      return std::unexpected(cannot_listen(address, errno));
    }
  }
  out.address = std::move(address);
  return out;
}

bool is_listening_stream(int fd) {
  int type = 0;
  int listening = 0;
  socklen_t bytes = sizeof(int);
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 || type != SOCK_STREAM)
    return false;
  bytes = sizeof(int);
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) == 0 && listening == 1;
}

bool make_private_and_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
         ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
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
    for (const UniqueFd& fd : address.sockets) {
      auto bound = bound_address(fd.get());
      if (!bound || !is_listening_stream(fd.get()) || !make_private_and_nonblocking(fd.get())) {
        return std::unexpected(
            ListenProblem{fmt::format("the inherited descriptor {} is not a listening TCP socket: "
                                      "in the systemd socket unit, "
                                      "use ListenStream= with an address and port",
                                      fd.get())});
      }
      address.address = *std::move(bound);
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
