// Addresses: which listening sockets speak HTTP at once, and which TLS first.
//
// Thread: any (pure).
#pragma once

#include <utility>
#include <vector>

#include "config/settings.h"
#include "keeper/listener_set.h"

namespace pear::cli {

// What is to be opened: server.listen, then server.https, these by UDP too where HTTP/3 is on.
[[nodiscard]] keeper::ListenerSet::Plan addresses_to_open(const config::ServerSettings& settings);

// What is open by TCP, divided as the settings say. A socket that systemd opened speaks TLS when
// its port is one of server.https; those that the keeper opened stand in the order of
// addresses_to_open().
struct BoundAddresses {
  std::vector<config::ListenAddress> listen;
  std::vector<config::ListenAddress> https;
  std::vector<std::size_t> order;  // Of the sockets' lists: those of `listen`, then of `https`.
};
[[nodiscard]] BoundAddresses divide_addresses(const std::vector<config::ListenAddress>& bound,
                                              const config::ServerSettings& settings);

}  // namespace pear::cli
