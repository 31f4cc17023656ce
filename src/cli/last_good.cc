#include "cli/last_good.h"

#include <cstdint>

#include <sys/types.h>
#include <unistd.h>

namespace pear::cli {

namespace {

// In front of the text stands its length; 0 while it is being written.
constexpr off_t kTextAt = sizeof(std::uint64_t);
constexpr std::uint64_t kBytesMax = std::uint64_t{16} << 20U;

bool write_length(int fd, std::uint64_t length) {
  return ::pwrite(fd, &length, sizeof(length), 0) == static_cast<ssize_t>(sizeof(length));
}

}  // namespace

void LastGood::keep(std::string_view text) const {
  if (fd_ < 0 || text.size() > kBytesMax) return;
  if (!write_length(fd_, 0)) return;
  // A file in memory takes a write whole, or has no room for it.
  if (::pwrite(fd_, text.data(), text.size(), kTextAt) != static_cast<ssize_t>(text.size())) return;
  write_length(fd_, text.size());
}

std::optional<std::string> LastGood::find() const {
  std::uint64_t length = 0;
  if (fd_ < 0 || ::pread(fd_, &length, sizeof(length), 0) != static_cast<ssize_t>(sizeof(length))) {
    return std::nullopt;
  }
  if (length == 0 || length > kBytesMax) return std::nullopt;
  std::string text(length, '\0');
  if (::pread(fd_, text.data(), length, kTextAt) != static_cast<ssize_t>(length)) {
    return std::nullopt;
  }
  return text;
}

}  // namespace pear::cli
