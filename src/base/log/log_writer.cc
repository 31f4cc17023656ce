#include "base/log/log_writer.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

namespace pear::log {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBatchBytes = 64U << 10U;
constexpr milliseconds kNap{10};
constexpr int kEmptyNapsMax = 5;       // Then it sleeps until it is woken.
constexpr milliseconds kPatience{50};  // Between two looks whether it should stop.

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::open(Options options) {
  auto signal = PEAR_TRY(LogSignal::open());
  return std::make_unique<LogWriter>(options, std::move(signal));
}

LogWriter::LogWriter(Options options, std::unique_ptr<LogSignal> signal)
    : options_(options), signal_(std::move(signal)), sink_(options.fd) {
  batch_.reserve(kBatchBytes);
}

LogChannel& LogWriter::add_channel(std::size_t capacity_bytes) {
  const std::scoped_lock lock(mutex_);
  return *channels_.emplace_back(std::make_unique<LogChannel>(capacity_bytes, *signal_));
}

void LogWriter::run() {
  // A reader that goes away is told by write(2), not by a signal that would end the process.
  sigset_t pipe_only;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);

  int empty_naps = 0;
  while (!stopping_.load(std::memory_order_seq_cst)) {
    const std::size_t bytes = drain();
    if (bytes >= kBatchBytes) continue;  // Busy: look again at once.
    empty_naps = bytes > 0 ? 0 : empty_naps + 1;
    sleep_from(empty_naps < kEmptyNapsMax ? LogSignal::Depth::Napping : LogSignal::Depth::Asleep);
  }
  drain();
}

void LogWriter::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  signal_->wake_from(LogSignal::Depth::Napping);
}

void LogWriter::sleep_from(LogSignal::Depth depth) {
  signal_->set_depth(depth);
  // Who stops or logs after this look sees the depth and wakes the writer.
  const bool asleep = depth == LogSignal::Depth::Asleep;
  if (stopping_.load(std::memory_order_seq_cst) || (asleep && has_lines())) {
    signal_->set_depth(LogSignal::Depth::Awake);
    return;
  }
  signal_->wait(asleep ? std::nullopt : std::optional(kNap));
}

bool LogWriter::has_lines() {
  const std::scoped_lock lock(mutex_);
  for (const auto& channel : channels_) {
    if (channel->ring().peek()) return true;
  }
  return false;
}

std::size_t LogWriter::drain() {
  drained_bytes_ = 0;
  // A channel that is added meanwhile has its turn in the next drain.
  std::size_t count = 0;
  {
    const std::scoped_lock lock(mutex_);
    count = channels_.size();
  }
  for (std::size_t i = 0; i < count; ++i) {
    LogChannel* channel = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      channel = channels_[i].get();
    }
    drain_channel(*channel);
  }
  write_batch();
  return drained_bytes_;
}

// No more than a batch, so that a thread that logs without end leaves the others their turn while
// their channels still have room, however slow the reader.
void LogWriter::drain_channel(LogChannel& channel) {
  std::size_t budget = kBatchBytes;
  while (const std::optional<std::string_view> line = channel.ring().peek()) {
    if (batch_.size() + line->size() > kBatchBytes) write_batch();
    batch_.append(*line);
    ++batch_lines_;
    drained_bytes_ += line->size();
    budget -= std::min(budget, line->size());
    channel.ring().consume();
    if (budget == 0) return;
  }
}

void LogWriter::write_batch() {
  std::string_view rest = batch_;
  while (!rest.empty() && !reader_gone_) {
    const Result<std::size_t> written = sink_.write_some(rest, kPatience);
    if (!written) {
      reader_gone_ = written.error().kind == ErrorKind::PeerClosed;
      break;
    }
    rest.remove_prefix(*written);
    if (*written > 0 || !stopping_.load(std::memory_order_seq_cst)) continue;
    flush_waited_ += kPatience;
    if (flush_waited_ >= options_.flush_max) break;
  }
  if (!rest.empty()) give_up_batch();
  batch_.clear();
  batch_lines_ = 0;
}

void LogWriter::give_up_batch() {
  lost_.store(lost_.load(std::memory_order_relaxed) + batch_lines_, std::memory_order_relaxed);
}

}  // namespace pear::log
