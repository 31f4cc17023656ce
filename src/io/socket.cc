#include "io/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "io/os_error.h"
#include "io/socket_option.h"

namespace pear::io {
namespace {

Result<UniqueFd> open_stream(int family) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.is_open()) return fail_os("socket() failed");
  return fd;
}

Transfer failed_transfer(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return {.status = Transfer::Status::WouldBlock};
  return {.status = Transfer::Status::Failed, .os_errno = error};
}

}  // namespace

Result<UniqueFd> open_listener(const SocketAddress& address, const ListenOptions& options) {
  UniqueFd fd = PEAR_TRY(open_stream(address.family()));
  // Listen again at once after a restart, though connections of the last process linger.
  PEAR_TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1));
  if (options.shares_port) {
    PEAR_TRY(set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1));
  }
  if (address.is_ipv6()) {
    PEAR_TRY(set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  }
  if (::bind(fd.get(), address.system(), address.system_size()) != 0) {
    return fail_os("bind() failed");
  }
  if (::listen(fd.get(), options.backlog) != 0) return fail_os("listen() failed");
  return adopt_listener(std::move(fd));
}

Result<UniqueFd> adopt_listener(UniqueFd inherited) {
  const int fd = inherited.get();
  const auto kind = option(fd, SOL_SOCKET, SO_TYPE);
  const auto listens = option(fd, SOL_SOCKET, SO_ACCEPTCONN);
  if (!kind || !listens || *kind != SOCK_STREAM || *listens != 1) {
    return fail(ErrorKind::InvalidInput, "not a listening stream socket");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return fail_os("fcntl() failed");
  }
  // Of turn_away(); it fails where there is none.
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_DETACH_FILTER, 0));
  // Connections inherit it, which saves a system call for each.
  PEAR_TRY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  return inherited;
}

bool shares_port(int listener) {
  return option(listener, SOL_SOCKET, SO_REUSEPORT).value_or(0) == 1;
}

Result<void> turn_away(int listener) {
  // The kernel shows the program a segment from its TCP header on (RFC 9293, section 3.1).
  constexpr std::uint32_t kFlags = 13;
  constexpr std::uint32_t kSynAndAck = 0x12;
  constexpr std::uint32_t kSyn = 0x02;
  constexpr std::uint32_t kAll = 0xffff'ffff;
  std::array program{
      sock_filter{.code = BPF_LD | BPF_B | BPF_ABS, .jt = 0, .jf = 0, .k = kFlags},
      sock_filter{.code = BPF_ALU | BPF_AND | BPF_K, .jt = 0, .jf = 0, .k = kSynAndAck},
      sock_filter{.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 0, .jf = 1, .k = kSyn},
      sock_filter{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0},
      sock_filter{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = kAll},
  };
  const sock_fprog attached{.len = program.size(), .filter = program.data()};
  if (::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) != 0) {
    return fail_os("setsockopt() failed");
  }
  return {};
}

Accepted accept_connection(int listener) {
  sockaddr_storage storage{};
  int fd = -1;
  do {
    socklen_t size = sizeof(storage);
    fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&storage), &size,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return {.fd = UniqueFd(), .os_errno = errno, .peer = {}};
  return {.fd = UniqueFd(fd), .os_errno = 0, .peer = SocketAddress::from_system(storage)};
}

Result<UniqueFd> start_connect(const SocketAddress& address) {
  UniqueFd fd = PEAR_TRY(open_stream(address.family()));
  PEAR_TRY(set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1));
  if (::connect(fd.get(), address.system(), address.system_size()) != 0 && errno != EINPROGRESS &&
      errno != EINTR) {
    return fail_os("connect() failed");
  }
  return fd;
}

Result<void> finish_connect(int fd) {
  const int error = PEAR_TRY(option(fd, SOL_SOCKET, SO_ERROR));
  if (error != 0) return fail_os("connect() failed", error);
  return {};
}

namespace {

Transfer receive_with(int fd, std::span<char> buffer, int flags) {
  PEAR_DCHECK(!buffer.empty(), "zero bytes read would be taken for the end");
  ssize_t count = 0;
  do {
    count = ::recv(fd, buffer.data(), buffer.size(), flags);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    const auto bytes = static_cast<std::size_t>(count);
    // Less than there was room for: the socket is empty.
    return {.status = Transfer::Status::Done, .bytes = bytes, .drained = bytes < buffer.size()};
  }
  if (count == 0) return {.status = Transfer::Status::Ended};
  return failed_transfer(errno);
}

}  // namespace

Transfer receive(int fd, std::span<char> buffer) {
  return receive_with(fd, buffer, 0);
}

Transfer peek(int fd, std::span<char> buffer) {
  return receive_with(fd, buffer, MSG_PEEK);
}

Transfer send(int fd, std::span<const iovec> pieces, More more) {
  const int flags = MSG_NOSIGNAL | (more == More::Follows ? MSG_MORE : 0);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg() only reads them.
  message.msg_iovlen = std::min<std::size_t>(pieces.size(), IOV_MAX);
  ssize_t count = 0;
  do {
    count = ::sendmsg(fd, &message, flags);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) {
    return {.status = Transfer::Status::Done, .bytes = static_cast<std::size_t>(count)};
  }
  if (errno == EPIPE || errno == ECONNRESET) {
    return {.status = Transfer::Status::Ended, .os_errno = errno};
  }
  return failed_transfer(errno);
}

Transfer send(int fd, std::span<const char> bytes) {
  const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  return send(fd, std::span(&piece, 1));
}

void shut_down_writing(int fd) {
  static_cast<void>(::shutdown(fd, SHUT_WR));
}

void acknowledge_now(int fd) {
  const int on = 1;
  static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on)));
}

void reset_on_close(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
}

}  // namespace pear::io
