// SocketAddress: an IPv4 or IPv6 address and a port. A value of 28 bytes.
//
// Thread: a value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/net/ip_address.h"
#include "base/result.h"

namespace pear::io {

class SocketAddress {
 public:
  // No address: family AF_UNSPEC.
  SocketAddress() = default;

  // `host`: IPv4 in dotted form, or IPv6 with or without brackets. Names are not resolved.
  // Errors: InvalidInput.
  [[nodiscard]] static Result<SocketAddress> parse(std::string_view host, std::uint16_t port);
  // "127.0.0.1:80" or "[::1]:80". Errors: InvalidInput.
  [[nodiscard]] static Result<SocketAddress> parse_with_port(std::string_view text);
  // What a socket is bound to, e.g. to learn the port that the kernel chose. Errors: OsError.
  [[nodiscard]] static Result<SocketAddress> of_socket(int fd);
  // What a system call filled in. Other families than INET and INET6 give no address.
  [[nodiscard]] static SocketAddress from_system(const sockaddr_storage& storage);

  // An address in IPv4's form within IPv6 becomes one of IPv4.
  [[nodiscard]] static SocketAddress of(const net::IpAddress& address, std::uint16_t port);

  [[nodiscard]] int family() const { return storage_.any.sa_family; }
  [[nodiscard]] bool is_ipv6() const { return family() == AF_INET6; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::uint16_t port() const;
  // Without brackets.
  [[nodiscard]] std::string host() const;
  // "127.0.0.1:80", "[::1]:80"; "unknown" where there is no address.
  [[nodiscard]] std::string to_string() const;
  // The IP alone, for limits and hashes: an IPv4 address in its IPv6 form (::ffff:a.b.c.d).
  [[nodiscard]] std::array<std::uint8_t, 16> ip() const;
  [[nodiscard]] net::IpAddress ip_address() const { return net::IpAddress(ip()); }

  // For system calls.
  [[nodiscard]] const sockaddr* system() const { return &storage_.any; }
  [[nodiscard]] socklen_t system_size() const;

  bool operator==(const SocketAddress& other) const {
    return family() == other.family() && port() == other.port() && ip() == other.ip();
  }

 private:
  union Storage {
    sockaddr any{};
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  Storage storage_;
};

}  // namespace pear::io
