// Sockets: TCP listeners and connections, never blocking, closed on exec.
//
// Thread: any, one at a time for each socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

#include "base/result.h"
#include "io/socket_address.h"
#include "io/unique_fd.h"

namespace pear::io {

struct ListenOptions {
  // The kernel cuts it down to net.core.somaxconn.
  int backlog = 4096;
  // One listener for each core on the same port (SO_REUSEPORT): the kernel spreads connections over
  // them. All sockets of the port must ask for it, and belong to one user.
  bool shares_port = false;
};

// Port 0: the kernel chooses one; SocketAddress::of_socket() tells. An IPv6 listener does not take
// IPv4, so that 0.0.0.0 and :: can both be listened on. Errors: OsError with the errno of the call
// that failed (EADDRINUSE: another program has the port; EACCES: ports below 1024 need a right).
[[nodiscard]] Result<UniqueFd> open_listener(const SocketAddress& address,
                                             const ListenOptions& options);

// Takes over a descriptor from the parent process, also after turn_away(). Errors: InvalidInput
// when it is no listening stream socket; OsError.
[[nodiscard]] Result<UniqueFd> adopt_listener(UniqueFd inherited);

// Whether it was opened with ListenOptions::shares_port.
[[nodiscard]] bool shares_port(int listener);

// From now on nobody who knocks is answered: the kernel drops each SYN. Connections whose handshake
// is under way still come. A client tries again after a second, when the listener is closed and it
// is refused, or somebody else has adopted it. Errors: OsError.
[[nodiscard]] Result<void> turn_away(int listener);

struct Accepted {
  UniqueFd fd;  // Open, or why not:
  int os_errno = 0;
  SocketAddress peer;
};
// Takes one connection. It has TCP_NODELAY from its listener.
[[nodiscard]] Accepted accept_connection(int listener);

// Starts to connect; the socket becomes writable when the outcome is known. Errors: OsError.
[[nodiscard]] Result<UniqueFd> start_connect(const SocketAddress& address);
// The outcome. Errors: OsError (ECONNREFUSED, ETIMEDOUT …).
[[nodiscard]] Result<void> finish_connect(int fd);

// What one try to read or write came to.
struct Transfer {
  enum class Status : std::uint8_t {
    Done,        // `bytes`, at least one (a write of nothing: zero).
    WouldBlock,  // Nothing now: wait for the next event.
    Ended,       // Read: the peer sends no more. Write: it has closed (EPIPE, ECONNRESET).
    Failed,      // See os_errno.
  };
  Status status{};
  int os_errno = 0;
  std::size_t bytes = 0;
  // Read: nothing more is there now; the next bytes come with an event.
  bool drained = false;
};

// Reads what is there, up to the size of `buffer`, which is not empty.
[[nodiscard]] Transfer receive(int fd, std::span<char> buffer);
// The same, and what was read stays there to be read again.
[[nodiscard]] Transfer peek(int fd, std::span<char> buffer);
// Follows: further bytes or the end do, at once; the kernel may wait for them to fill a packet.
enum class More : std::uint8_t { No, Follows };
// Writes as much of the pieces, in order, as the kernel takes. Never raises SIGPIPE.
[[nodiscard]] Transfer send(int fd, std::span<const iovec> pieces, More more = More::No);
[[nodiscard]] Transfer send(int fd, std::span<const char> bytes);

// Sends FIN; what the peer still sends can be read. An error means that the peer is gone already.
void shut_down_writing(int fd);

// Acknowledges what has come, now: a client that waits for it (Nagle's algorithm) may go on. The
// kernel would do so with the next bytes that are sent, or after 40 ms.
void acknowledge_now(int fd);

// Lets close() discard what is unsent and answer with RST: for peers that are not worth waiting
// for.
void reset_on_close(int fd);

}  // namespace pear::io
