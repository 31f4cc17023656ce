#include "base/log/log_channel.h"

#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pear::log {

Result<std::unique_ptr<LogSignal>> LogSignal::open() {
  const int event_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    return std::unexpected(Error{
        .kind = ErrorKind::OsError, .detail = "no eventfd for the log writer", .os_errno = errno});
  }
  return std::make_unique<LogSignal>(event_fd);
}

LogSignal::~LogSignal() {
  ::close(event_fd_);
}

void LogSignal::wake_from(Depth depth) {
  if (depth_.load(std::memory_order_seq_cst) < depth) return;
  if (depth_.exchange(Depth::Awake, std::memory_order_seq_cst) == Depth::Awake) return;
  constexpr std::uint64_t kOne = 1;
  // Cannot fail but by a full count, and then the writer is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(event_fd_, &kOne, sizeof kOne);
}

void LogSignal::wait(std::optional<std::chrono::milliseconds> nap) {
  pollfd wake{.fd = event_fd_, .events = POLLIN, .revents = 0};
  const int ready = ::poll(&wake, 1, nap ? static_cast<int>(nap->count()) : -1);
  set_depth(Depth::Awake);
  if (ready <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(event_fd_, &count, sizeof count);
}

LogChannel::LogChannel(std::size_t capacity_bytes, LogSignal& signal)
    : ring_(capacity_bytes), signal_(signal), shares_(ring_.capacity()) {}

void LogChannel::settle() {
  ring_.each_freed([this](std::size_t bytes, std::uint32_t tag) {
    shares_.remove(LogShares::owner_of(tag), bytes);
  });
}

std::optional<std::span<char>> LogChannel::reserve(std::size_t bytes, LineOwner owner) {
  owner_ = owner;
  settle();
  if (!shares_.admits(owner)) {
    // The writer may have taken something since the last line.
    ring_.look();
    settle();
    if (!shares_.admits(owner)) return std::nullopt;
  }
  const auto room = ring_.reserve(bytes);
  settle();
  return room;
}

void LogChannel::commit(std::size_t bytes) {
  shares_.add(owner_, bytes);
  if (ring_.commit(bytes, LogShares::tag_of(owner_)) == base::PushResult::QueuedOnEmpty) {
    bytes_since_empty_ = 0;
    signal_.wake_from(LogSignal::Depth::Asleep);
  }
  bytes_since_empty_ += bytes;
  if (bytes_since_empty_ < ring_.capacity() / 4) return;
  bytes_since_empty_ = 0;
  signal_.wake_from(LogSignal::Depth::Napping);
}

void LogChannel::count_drop(LineOwner owner, std::string_view site_name) {
  dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  shares_.count_drop(owner, site_name);
  signal_.wake_from(LogSignal::Depth::Napping);
}

}  // namespace pear::log
