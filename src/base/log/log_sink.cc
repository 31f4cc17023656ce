#include "base/log/log_sink.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pear::log {

LogSink::LogSink(int fd) : fd_(fd) {
  struct stat about{};
  if (::fstat(fd, &about) != 0) return;
  if (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) kind_ = Kind::Pipe;
  if (S_ISSOCK(about.st_mode)) kind_ = Kind::Socket;
}

Result<std::size_t> LogSink::write_some(std::string_view bytes,
                                        std::chrono::milliseconds patience) {
  if (kind_ != Kind::File) {
    pollfd room{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&room, 1, static_cast<int>(patience.count())) <= 0) return 0;
  }
  ssize_t written = 0;
  switch (kind_) {
    case Kind::File:
      written = ::write(fd_, bytes.data(), bytes.size());
      break;
    case Kind::Pipe:
      // A pipe that is ready takes PIPE_BUF bytes without blocking (pipe(7)).
      written = ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
      break;
    case Kind::Socket:
      written = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      break;
  }
  if (written >= 0) return static_cast<std::size_t>(written);
  if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  const bool gone = errno == EPIPE || errno == EBADF || errno == ECONNRESET || errno == ENOTCONN;
  return std::unexpected(Error{.kind = gone ? ErrorKind::PeerClosed : ErrorKind::OsError,
                               .detail = "log lines could not be written",
                               .os_errno = errno});
}

}  // namespace pear::log
