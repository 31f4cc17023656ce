// The addresses of sockets, as QUIC's transport has them.
#pragma once

#include <algorithm>

#include <netinet/in.h>

#include "http/http3/transport.h"
#include "io/socket_address.h"

namespace pear::data::protocol {

[[nodiscard]] inline http3::Address to_transport(const io::SocketAddress& address) {
  http3::Address out{.port = address.port(), .v6 = address.is_ipv6()};
  const auto ip = address.ip();
  if (address.is_ipv6()) {
    out.ip = ip;
    out.scope = reinterpret_cast<const sockaddr_in6*>(address.system())->sin6_scope_id;
  } else {
    std::copy(ip.begin() + 12, ip.end(), out.ip.begin());
  }
  return out;
}

[[nodiscard]] inline io::SocketAddress to_socket(const http3::Address& address) {
  sockaddr_storage storage{};
  if (address.v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    v6.sin6_scope_id = address.scope;
    std::ranges::copy(address.ip, v6.sin6_addr.s6_addr);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::copy_n(address.ip.begin(), 4, reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
  }
  return io::SocketAddress::from_system(storage);
}

}  // namespace pear::data::protocol
