// ListenerSet: the listening sockets, opened here or inherited from systemd or from the keeper.
//
// Each address that is opened here has one socket for each core, bound with SO_REUSEPORT: the
// kernel spreads connections over them, and every one of them must be accepted from. An address
// inherited from systemd has the one socket that it came with, which all cores share. The sockets
// stay open as long as this object lives, so connections wait in their queues while no server runs.
//
// Owner: closes the sockets. Thread: the keeper's, or the caller's where there is no keeper.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "config/settings.h"
#include "io/unique_fd.h"

namespace pear::keeper {

// What is wrong with one address, as a sentence for the operator that says what to do.
struct ListenProblem {
  std::string text;
};

class ListenerSet {
 public:
  struct Address {
    config::ListenAddress address;  // As bound: a port of 0 is replaced by the one that it got.
    std::vector<io::UniqueFd> sockets;
  };

  // Connections that may wait in the queue of one socket; the kernel caps it at net.core.somaxconn.
  static constexpr int kBacklog = 4'096;

  ListenerSet() = default;
  ~ListenerSet() = default;
  ListenerSet(ListenerSet&&) = default;
  ListenerSet& operator=(ListenerSet&&) = default;
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;

  // Opens `sockets_each` listeners for each address. All or nothing: a problem closes what was
  // opened. A port of 0 gives each address a free port. Two processes cannot listen on one address
  // by accident: an address that somebody listens on already is refused.
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> open(
      const std::vector<config::ListenAddress>& addresses, std::uint32_t sockets_each);

  // Takes over descriptors of this process, in the form of fds_by_address(). What is not a
  // listening TCP socket is a problem; descriptors are closed in any case.
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> adopt(
      const std::vector<std::vector<int>>& fds_by_address);

  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }
  // In the order of addresses(). Borrowed.
  [[nodiscard]] std::vector<std::vector<int>> fds_by_address() const;
  // The same, given away: this object is empty afterwards.
  [[nodiscard]] std::vector<std::vector<int>> release();
  // What Settings::server::listen is to say, so that it matches fds_by_address().
  [[nodiscard]] std::vector<config::ListenAddress> listen_addresses() const;

 private:
  std::vector<Address> addresses_;
};

// "127.0.0.1:3000", "[::1]:3000".
[[nodiscard]] std::string to_text(const config::ListenAddress& address);

}  // namespace pear::keeper
