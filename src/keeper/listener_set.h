// ListenerSet: the listening sockets, opened here or inherited from systemd (LISTEN_FDS).
//
// Each address has one socket for each core, bound with SO_REUSEPORT: the kernel spreads
// connections over them, and every one of them must be accepted from. An inherited address has the
// one socket that it came with, which all cores share. The sockets stay open as long as this object
// lives, so connections wait in their queues while no server runs.
//
// Owner: closes the sockets. Thread: the keeper's, or the caller's where there is no keeper.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace pear::keeper {

// What went wrong with one address, as a sentence for the operator.
struct ListenProblem {
  std::string text;
};

class ListenerSet {
 public:
  struct Address {
    config::ListenAddress address;  // As bound: a port of 0 is replaced by the one it got.
    std::vector<int> fds;
  };

  ListenerSet() = default;
  ~ListenerSet();
  ListenerSet(ListenerSet&& other) noexcept;
  ListenerSet& operator=(ListenerSet&& other) noexcept;
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;

  // Opens `sockets_each` listeners for each address. All or nothing: a problem closes what was
  // opened.
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> open(
      const std::vector<config::ListenAddress>& addresses, std::uint32_t sockets_each);

  // Takes over descriptors that are already listening TCP sockets; `fds_by_address` as in
  // addresses().
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> adopt(
      const std::vector<std::vector<int>>& fds_by_address);

  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }
  [[nodiscard]] std::vector<std::vector<int>> fds_by_address() const;

 private:
  std::vector<Address> addresses_;
};

}  // namespace pear::keeper
