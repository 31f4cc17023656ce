#include "config/read_text.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace pear::config {
namespace {

std::unexpected<std::string> failed(int error) {
  return std::unexpected(fmt::format("cannot be read: {}", std::generic_category().message(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::expected<std::string, std::string> read_text(const std::filesystem::path& path,
                                                  std::size_t bytes_max) {
  // O_NONBLOCK: opening a pipe without a writer would wait for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd() < 0) return failed(errno);
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) return failed(errno);
  if (S_ISDIR(status.st_mode)) return std::unexpected("is a folder, not a file");
  if (!S_ISREG(status.st_mode)) return std::unexpected("is not a regular file");

  std::string text;
  std::array<char, 16'384> piece{};
  for (;;) {
    const ssize_t got = ::read(file.fd(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) {
      return std::unexpected(fmt::format("is larger than {} bytes", bytes_max));
    }
  }
}

}  // namespace pear::config
