#include "keeper/server_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

namespace pear::keeper {
namespace {

using std::chrono::nanoseconds;

using Text = std::array<char, 1'024>;

std::string_view read_start(int fd, Text& text) {
  const ssize_t got = fd < 0 ? -1 : ::pread(fd, text.data(), text.size(), 0);
  return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// A core turns within microseconds. What control does (reading a configuration again, making a site
// table) may take its time, and no request waits for it.
constexpr int kControlPatience = 10;

}  // namespace

int stack_signal() {
  return SIGRTMIN + 3;
}

Watchdog::State state_in(std::string_view stat) {
  // "PID (NAME) S …": the name may hold anything.
  const std::size_t end = stat.rfind(')');
  if (end == std::string_view::npos || end + 2 >= stat.size()) return Watchdog::State::Unknown;
  switch (stat[end + 2]) {
    case 'R':
      return Watchdog::State::Runnable;
    case 'S':
      return Watchdog::State::Sleeping;
    case 'D':
      return Watchdog::State::Uninterruptible;
    case 'T':
      return Watchdog::State::Stopped;
    case 't':
      return Watchdog::State::Traced;
    default:
      return Watchdog::State::Unknown;
  }
}

std::optional<RunTimes> run_times_in(std::string_view schedstat) {
  // "RAN WAITED TIMES", in nanoseconds.
  std::array<std::int64_t, 2> values{};
  const char* at = schedstat.data();
  const char* const end = at + schedstat.size();
  for (std::int64_t& value : values) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc{} || next == end || *next != ' ' || value < 0) return std::nullopt;
    at = next + 1;
  }
  return RunTimes{.ran = nanoseconds(values[0]), .waited = nanoseconds(values[1])};
}

ServerWatch::ServerWatch(const Vitals* vitals, std::chrono::milliseconds hang_max)
    : vitals_(vitals),
      watchdog_({.hang_max = std::max(hang_max, std::chrono::milliseconds(1))}),
      on_(vitals != nullptr && hang_max.count() > 0) {}

void ServerWatch::begin(pid_t pid, std::uint32_t start) {
  end();
  pid_ = pid;
  start_ = start;
  if (on_) next_look_ = MonotonicTime{};
}

void ServerWatch::end() {
  threads_.clear();
  watchdog_.reset();
  next_look_.reset();
}

void ServerWatch::look_soon(MonotonicTime now) {
  if (next_look_) next_look_ = std::min(*next_look_, now);
}

// Once the server has said which threads it has. Those that come later begin with the next look.
bool ServerWatch::open_threads() {
  if (!vitals_->is_of(start_)) return false;
  const std::size_t count = std::min<std::size_t>(
      vitals_->thread_count.load(std::memory_order_relaxed), Vitals::kThreadsMax);
  if (count <= Vitals::kFirstCore) return false;
  threads_.resize(count - Vitals::kFirstCore + 1);
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    ThreadFiles& thread = threads_[i];
    // The control thread is the first of its process: it can be looked at whatever it says.
    const std::int32_t id =
        i == 0 ? pid_ : vitals_->threads[index_of(i)].thread_id.load(std::memory_order_relaxed);
    if (id <= 0 || id == thread.thread_id) continue;
    thread.thread_id = id;
    const auto open = [&](const char* name) {
      const std::string path = fmt::format("/proc/{}/task/{}/{}", pid_, id, name);
      return io::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    };
    thread.stat = open("stat");
    thread.schedstat = open("schedstat");
  }
  return true;
}

Watchdog::Sight ServerWatch::see(std::size_t watched) const {
  const ThreadFiles& files = threads_[watched];
  Text text{};
  Watchdog::Sight sight{.patience = watched == 0 ? kControlPatience : 1};
  const auto times = run_times_in(read_start(files.schedstat.get(), text));
  if (!times) return sight;
  sight.ran = times->ran;
  sight.waited = times->waited;
  sight.turn_began_ns =
      vitals_->threads[index_of(watched)].turn_began_ns.load(std::memory_order_relaxed);
  // All threads of a process stop together: of those that rest, one is enough.
  if (sight.turn_began_ns == 0 && watched != 0) return sight;
  sight.state = state_in(read_start(files.stat.get(), text));
  return sight;
}

std::optional<ServerWatch::Hang> ServerWatch::look(MonotonicTime now) {
  next_look_ = now + Watchdog::kPeriodMax;
  if (!open_threads()) return std::nullopt;
  sights_.clear();
  for (std::size_t i = 0; i < threads_.size(); ++i) sights_.push_back(see(i));
  const Watchdog::Verdict verdict = watchdog_.look(now, sights_);
  next_look_ = verdict.next_look;
  if (!verdict.hangs && !verdict.stopped) return std::nullopt;
  next_look_.reset();
  if (!verdict.hangs) return Hang{.thread = std::nullopt, .stood = verdict.stood};
  const std::size_t index = index_of(*verdict.hangs);
  const base::VitalSigns& signs = vitals_->threads[index];
  return Hang{.thread = index,
              .site = signs.site.load(std::memory_order_relaxed),
              .activity = signs.activity.load(std::memory_order_relaxed),
              .stood = verdict.stood};
}

void ServerWatch::ask_for_stack(const Hang& hang) const {
  if (!hang.thread) return;
  const std::int32_t id = vitals_->threads[*hang.thread].thread_id.load(std::memory_order_relaxed);
  // Reaches a thread of the server or nobody: the process is ours, and not reaped.
  if (id > 0) ::syscall(SYS_tgkill, pid_, id, stack_signal());
}

bool ServerWatch::stack_written() const {
  return vitals_->stack_written_start.load(std::memory_order_acquire) == start_;
}

}  // namespace pear::keeper
