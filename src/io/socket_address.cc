#include "io/socket_address.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include <arpa/inet.h>

#include <fmt/format.h>

#include "io/os_error.h"

namespace pear::io {

Result<SocketAddress> SocketAddress::parse(std::string_view host, std::uint16_t port) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  // inet_pton() wants a terminated text; the longest IPv6 address has 45 characters.
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.empty() || host.size() >= text.size() || host.contains('\0')) {
    return fail(ErrorKind::InvalidInput, "not an IP address");
  }
  std::ranges::copy(host, text.begin());

  SocketAddress address;
  if (::inet_pton(AF_INET, text.data(), &address.storage_.v4.sin_addr) == 1) {
    address.storage_.v4.sin_family = AF_INET;
    address.storage_.v4.sin_port = htons(port);
    return address;
  }
  address.storage_.v6 = {};
  if (::inet_pton(AF_INET6, text.data(), &address.storage_.v6.sin6_addr) == 1) {
    address.storage_.v6.sin6_family = AF_INET6;
    address.storage_.v6.sin6_port = htons(port);
    return address;
  }
  return fail(ErrorKind::InvalidInput, "not an IP address");
}

Result<SocketAddress> SocketAddress::parse_with_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(ErrorKind::InvalidInput, "port is missing");
  const std::string_view host = text.substr(0, colon);
  // An IPv6 address needs brackets here: ":80" could be a part of it.
  if (host.contains(':') && !host.starts_with('[')) {
    return fail(ErrorKind::InvalidInput, "an IPv6 address with a port needs brackets: [::1]:80");
  }
  const char* const end = text.data() + text.size();
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return fail(ErrorKind::InvalidInput, "port is not a number from 0 to 65535");
  }
  return parse(host, port);
}

Result<SocketAddress> SocketAddress::of_socket(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return fail_os("getsockname() failed");
  }
  return from_system(storage);
}

SocketAddress SocketAddress::from_system(const sockaddr_storage& storage) {
  SocketAddress address;
  if (storage.ss_family == AF_INET) {
    std::memcpy(&address.storage_.v4, &storage, sizeof(sockaddr_in));
  } else if (storage.ss_family == AF_INET6) {
    std::memcpy(&address.storage_.v6, &storage, sizeof(sockaddr_in6));
  }
  return address;
}

SocketAddress SocketAddress::of(const net::IpAddress& address, std::uint16_t port) {
  const net::IpAddress::Bytes& bytes = address.bytes();
  SocketAddress made;
  if (address.is_ipv4()) {
    made.storage_.v4 = {};
    made.storage_.v4.sin_family = AF_INET;
    made.storage_.v4.sin_port = htons(port);
    std::memcpy(&made.storage_.v4.sin_addr, bytes.data() + 12, 4);
  } else {
    made.storage_.v6 = {};
    made.storage_.v6.sin6_family = AF_INET6;
    made.storage_.v6.sin6_port = htons(port);
    std::memcpy(&made.storage_.v6.sin6_addr, bytes.data(), 16);
  }
  return made;
}

bool SocketAddress::is_loopback() const {
  static constexpr std::array<std::uint8_t, 16> kIpv6Loopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                              0, 0, 0, 0, 0, 0, 0, 1};
  const auto bytes = ip();
  if (bytes == kIpv6Loopback) return is_ipv6();
  return bytes[10] == 0xFF && bytes[11] == 0xFF && bytes[12] == 127;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

std::string SocketAddress::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* const bytes = is_ipv6() ? static_cast<const void*>(&storage_.v6.sin6_addr)
                                      : static_cast<const void*>(&storage_.v4.sin_addr);
  if (family() == AF_UNSPEC || ::inet_ntop(family(), bytes, text.data(), text.size()) == nullptr) {
    return "unknown";
  }
  return text.data();
}

std::string SocketAddress::to_string() const {
  if (family() == AF_UNSPEC) return "unknown";
  return is_ipv6() ? fmt::format("[{}]:{}", host(), port()) : fmt::format("{}:{}", host(), port());
}

std::array<std::uint8_t, 16> SocketAddress::ip() const {
  std::array<std::uint8_t, 16> bytes{};
  if (is_ipv6()) {
    std::memcpy(bytes.data(), &storage_.v6.sin6_addr, 16);
  } else if (family() == AF_INET) {
    bytes[10] = bytes[11] = 0xFF;
    std::memcpy(bytes.data() + 12, &storage_.v4.sin_addr, 4);
  }
  return bytes;
}

socklen_t SocketAddress::system_size() const {
  return is_ipv6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

}  // namespace pear::io
