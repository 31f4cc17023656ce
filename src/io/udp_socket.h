// UdpSocket: datagrams for QUIC, many with each system call, never blocking.
//
// In come up to 16 messages a call; each is one datagram, or a train of datagrams of one sender
// that the kernel has joined (GRO). Out go trains of datagrams of one size, which the kernel or the
// network card cuts (GSO); where it cannot, they go one by one, many with a call. Datagrams are
// never fragmented: the path's MTU is for the caller to find, and one that is too long fails with
// EMSGSIZE.
//
// Thread: any, one at a time for each socket and each DatagramBuffers.
// Memory: none for a call. Of the buffers' 1 MiB only the pages that were ever written are real.
// Source: udp(7), ip(7), RFC 9000 section 14.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/result.h"
#include "io/socket_address.h"
#include "io/unique_fd.h"

namespace pear::io {

struct UdpOptions {
  // One socket for each core on the same port (SO_REUSEPORT): the kernel spreads datagrams over
  // them by their addresses, or as datagram_steering.h says. All sockets of the port must ask for
  // it, and belong to one user. Without it a port that anybody has is refused.
  bool shares_port = false;
};

// Port 0: the kernel chooses one; SocketAddress::of_socket() tells. An IPv6 socket does not take
// IPv4. Errors: OsError with the errno of the call that failed (EADDRINUSE: another program has the
// port).
[[nodiscard]] Result<UniqueFd> open_udp_socket(const SocketAddress& address,
                                               const UdpOptions& options);

// Takes over a descriptor from the parent process. Errors: InvalidInput when it is no UDP socket
// with a port; OsError.
[[nodiscard]] Result<UniqueFd> adopt_udp_socket(UniqueFd inherited);

struct Datagram {
  std::span<std::uint8_t>
      bytes;  // May be written to (decryption is in place), until the next call.
  SocketAddress from;
  SocketAddress to;  // The address of this machine that it was sent to.
};

// Where datagrams are received: one for each core is enough.
class DatagramBuffers {
 public:
  static constexpr std::size_t kMessages = 16;
  static constexpr std::size_t kMessageBytes = 65'536;  // No message is longer.

  DatagramBuffers();
  ~DatagramBuffers() = default;
  DatagramBuffers(const DatagramBuffers&) = delete;
  DatagramBuffers& operator=(const DatagramBuffers&) = delete;
  DatagramBuffers(DatagramBuffers&&) = delete;  // headers_ points into it.
  DatagramBuffers& operator=(DatagramBuffers&&) = delete;

 private:
  friend class UdpSocket;

  // A message: datagrams of `segment` bytes each, the last may be shorter.
  struct Train {
    Datagram whole;
    std::size_t segment = 0;  // Not 0.
    bool complete = true;     // The kernel has cut nothing off.
  };

  static constexpr std::size_t kControlBytes =
      CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));

  struct Slot {
    sockaddr_storage from{};
    alignas(cmsghdr) std::array<char, kControlBytes> control{};
    iovec piece{};
  };

  // Every header back to what the kernel is told: the room there is.
  void offer_all();
  [[nodiscard]] Train train(std::size_t index, const SocketAddress& local);

  std::unique_ptr<std::uint8_t[]> memory_;
  std::array<Slot, kMessages> slots_;
  std::array<mmsghdr, kMessages> headers_{};
};

struct Received {
  std::size_t datagrams = 0;
  // Nothing more is there now; the next ones come with an event.
  bool drained = false;
};

// A train of datagrams of `segment` bytes; the last may be shorter.
struct Outgoing {
  std::span<const std::uint8_t> bytes;
  std::size_t segment = 0;  // Not 0.
  SocketAddress from;       // Of this machine; no address: the kernel chooses.
  SocketAddress to;
};

// What a try to send came to.
struct Sent {
  enum class Status : std::uint8_t {
    Done,        // All of it.
    WouldBlock,  // The kernel has no room for more: wait for the next event.
    Failed,      // See os_errno. It speaks of this destination or of this datagram (EHOSTUNREACH,
                 // EMSGSIZE; EPERM: a firewall); the socket can be used as before.
  };
  Status status{};
  int os_errno = 0;
  std::size_t bytes = 0;  // Taken, whole datagrams. The first that was not taken begins there.
};

class UdpSocket {
 public:
  // The most that one call of the kernel takes: UDP_MAX_SEGMENTS of Linux before 6.9, and what an
  // IP packet holds less room for headers.
  static constexpr std::size_t kSegmentsMax = 64;
  static constexpr std::size_t kTrainBytesMax = 65'000;
  // What the kernel may hold for each direction; it is cut down to net.core.{r,w}mem_max.
  static constexpr int kKernelBufferBytes = 4 << 20;

  // Sets what makes it fast, and goes on without what this kernel has not. Errors: as
  // adopt_udp_socket().
  [[nodiscard]] static Result<UdpSocket> adopt(UniqueFd inherited);

  // Takes what is there, up to DatagramBuffers::kMessages messages, and calls
  // on_datagram(const Datagram&) for each datagram in order. Errors that an earlier datagram to
  // somewhere has caused (ICMP) are passed over. `on_datagram` must not destroy the socket.
  template <typename OnDatagram>
  Received receive(DatagramBuffers& buffers, OnDatagram on_datagram);

  // Hands the train to the kernel, in as many calls as that takes.
  [[nodiscard]] Sent send(const Outgoing& train);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const SocketAddress& local() const { return local_; }  // What it is bound to.

 private:
  struct Batch {
    std::size_t messages = 0;
    bool drained = false;
  };
  // What one call of the kernel came to: bytes that it took, or an errno.
  struct Attempt {
    std::size_t bytes = 0;
    int os_errno = 0;
  };

  UdpSocket(UniqueFd fd, const SocketAddress& local, bool cuts_trains)
      : fd_(std::move(fd)), local_(local), cuts_trains_(cuts_trains) {}

  [[nodiscard]] Batch take(DatagramBuffers& buffers) const;
  [[nodiscard]] Attempt send_part(const Outgoing& part);
  [[nodiscard]] Attempt send_at_once(const Outgoing& part) const;
  [[nodiscard]] Attempt send_each(const Outgoing& part) const;

  UniqueFd fd_;
  SocketAddress local_;
  bool cuts_trains_;  // The kernel does (GSO), as far as it is known.
};

template <typename OnDatagram>
Received UdpSocket::receive(DatagramBuffers& buffers, OnDatagram on_datagram) {
  const Batch batch = take(buffers);
  Received received{.datagrams = 0, .drained = batch.drained};
  for (std::size_t i = 0; i < batch.messages; ++i) {
    const DatagramBuffers::Train train = buffers.train(i, local_);
    if (!train.complete) continue;
    Datagram datagram = train.whole;
    std::span<std::uint8_t> rest = train.whole.bytes;
    do {
      datagram.bytes = rest.first(std::min(train.segment, rest.size()));
      rest = rest.subspan(datagram.bytes.size());
      ++received.datagrams;
      on_datagram(std::as_const(datagram));
    } while (!rest.empty());
  }
  return received;
}

}  // namespace pear::io
