// ServerWatch: looks at the running server for the watchdog: its vitals, and what the kernel says
// of its threads. It is also who makes a thread that hangs say where it stands.
//
// Thread:  the keeper's.
// Memory:  two descriptors for each thread that is watched, while the server runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/time.h"
#include "io/unique_fd.h"
#include "keeper/shared_memory.h"
#include "keeper/watchdog.h"

namespace pear::keeper {

// The signal at which a thread of the server writes its stack to the log. It is a real-time one,
// which nobody sends by accident; the C library has the first two for itself.
[[nodiscard]] int stack_signal();

class ServerWatch {
 public:
  struct Hang {
    std::optional<std::size_t> thread;  // Of Vitals::threads. Nothing: the process is stopped.
    base::SiteKey site{};               // That the thread worked for.
    base::Activity activity{};
    std::chrono::nanoseconds stood{};
  };

  // Null vitals, or a hang_max of 0: nothing is watched.
  ServerWatch(const Vitals* vitals, std::chrono::milliseconds hang_max);

  // A new server: its process, and its number.
  void begin(pid_t pid, std::uint32_t start);
  void end();

  // When to look next; nothing while nothing is watched.
  [[nodiscard]] std::optional<MonotonicTime> next_look() const { return next_look_; }
  // The server was stopped or continued: look at once.
  void look_soon(MonotonicTime now);
  // What hangs; said once for each server.
  [[nodiscard]] std::optional<Hang> look(MonotonicTime now);

  // Makes the thread write its stack.
  void ask_for_stack(const Hang& hang) const;
  [[nodiscard]] bool stack_written() const;

 private:
  struct ThreadFiles {
    std::int32_t thread_id = 0;
    io::UniqueFd stat;
    io::UniqueFd schedstat;
  };

  [[nodiscard]] bool open_threads();
  [[nodiscard]] Watchdog::Sight see(std::size_t watched) const;
  // Of Vitals::threads: the compiler is not watched, it may take as long as it likes.
  [[nodiscard]] static std::size_t index_of(std::size_t watched) {
    return watched == 0 ? Vitals::kControl : Vitals::kFirstCore + watched - 1;
  }

  const Vitals* vitals_;
  Watchdog watchdog_;
  bool on_;
  pid_t pid_ = -1;
  std::uint32_t start_ = 0;
  std::vector<ThreadFiles> threads_;  // The control thread, then the cores.
  std::vector<Watchdog::Sight> sights_;
  std::optional<MonotonicTime> next_look_;
};

// ---- For tests.

// Of the text of /proc/PID/task/TID/stat and …/schedstat. Unknown, or zeroes, for what they do not
// say.
[[nodiscard]] Watchdog::State state_in(std::string_view stat);
struct RunTimes {
  std::chrono::nanoseconds ran{};
  std::chrono::nanoseconds waited{};
};
[[nodiscard]] std::optional<RunTimes> run_times_in(std::string_view schedstat);

}  // namespace pear::keeper
