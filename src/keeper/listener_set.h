// ListenerSet: the listening sockets, opened here or inherited from systemd or from the keeper.
//
// Each address that is opened here has one socket for each core, bound with SO_REUSEPORT: the
// kernel spreads connections over them, and every one of them must be accepted from. An address
// inherited from systemd has the one socket that it came with, which all cores share. The sockets
// stay open as long as this object lives, so connections wait in their queues while no server runs.
//
// Where QUIC is wanted, UDP sockets stand beside those of TCP, on the same port: one for each core,
// and the kernel gives each datagram to the core that it belongs to (io/datagram_steering.h).
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

enum class Transport : std::uint8_t { Tcp, Udp };

class ListenerSet {
 public:
  struct Address {
    config::ListenAddress address;  // As bound: a port of 0 is replaced by the one that it got.
    Transport transport = Transport::Tcp;
    std::vector<io::UniqueFd> sockets;  // Of UDP: that of core 0, of core 1 …
  };

  // What is to be opened.
  struct Plan {
    std::vector<config::ListenAddress> listen;  // By TCP.
    std::vector<config::ListenAddress> https;  // By TCP, and for HTTP/3 by UDP where it can be had.
    bool http3 = true;
  };

  // Connections that may wait in the queue of one socket; the kernel caps it at net.core.somaxconn.
  static constexpr int kBacklog = 4'096;

  ListenerSet() = default;
  ~ListenerSet() = default;
  ListenerSet(ListenerSet&&) = default;
  ListenerSet& operator=(ListenerSet&&) = default;
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;

  // Opens `sockets_each` sockets for each address and transport: first by TCP, in the order of the
  // plan, then by UDP. A port of 0 gives each address a free port, the same for both. Two processes
  // cannot listen on one address by accident: one that somebody listens on already is refused.
  //
  // All or nothing: a problem closes what was opened. Only UDP may be missing: then warnings() says
  // of which address, and why.
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> open(const Plan& plan,
                                                                      std::uint32_t sockets_each);

  // Takes over descriptors of this process, in the form of fds_by_address(). What is neither a
  // listening TCP socket nor a UDP socket with a port is a problem, and so is UDP alone;
  // descriptors are closed in any case.
  [[nodiscard]] static std::expected<ListenerSet, ListenProblem> adopt(
      const std::vector<std::vector<int>>& fds_by_address);

  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }
  // In the order of addresses(). Borrowed.
  [[nodiscard]] std::vector<std::vector<int>> fds_by_address() const;
  // Those of one transport, given away: this object has them no more.
  [[nodiscard]] std::vector<std::vector<int>> release(Transport transport);
  void close(Transport transport);
  // What Settings::server::listen is to say, so that it matches release(Transport::Tcp).
  [[nodiscard]] std::vector<config::ListenAddress> listen_addresses() const;
  // What could not be had, as sentences for the operator.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<Address> addresses_;
  std::vector<std::string> warnings_;
};

// "127.0.0.1:3000", "[::1]:3000".
[[nodiscard]] std::string to_text(const config::ListenAddress& address);

}  // namespace pear::keeper
