#include "cli/text_file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "io/unique_fd.h"

namespace pear::cli {

namespace {

std::unexpected<std::string> failed(const char* what, const std::filesystem::path& path, int code) {
  return std::unexpected(
      fmt::format("{} {}: {}", what, printable(path.native()), ::strerrordesc_np(code)));
}

Told<void> make_folder_of(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return failed("cannot make the folder of", path, error.value());
  return {};
}

Told<void> write_all(int fd, const std::filesystem::path& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Told<std::string> read_file(const std::filesystem::path& path) {
  const io::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!fd.is_open() || ::fstat(fd.get(), &status) != 0) return failed("cannot read", path, errno);
  if (!S_ISREG(status.st_mode)) return failed("cannot read", path, EISDIR);
  if (static_cast<std::uint64_t>(status.st_size) > kFileBytesMax) {
    return failed("cannot read", path, EFBIG);
  }
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read", path, errno);
    if (got == 0) break;  // It became shorter.
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

Told<void> create_file(const std::filesystem::path& path, std::string_view content) {
  if (auto made = make_folder_of(path); !made) return made;
  const io::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.is_open()) return failed("cannot create", path, errno);
  return write_all(fd.get(), path, content);
}

Told<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  if (auto made = make_folder_of(path); !made) return made;
  const std::filesystem::path beside = fmt::format("{}.{}.new", path.native(), ::getpid());
  {
    const io::UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!fd.is_open()) return failed("cannot write", path, errno);
    if (auto written = write_all(fd.get(), path, content); !written) {
      ::unlink(beside.c_str());
      return written;
    }
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    const int code = errno;
    ::unlink(beside.c_str());
    return failed("cannot write", path, code);
  }
  return {};
}

}  // namespace pear::cli
