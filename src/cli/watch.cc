#include "cli/watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/file_watcher.h"
#include "cli/site_options.h"
#include "cli/watch_plan.h"
#include "io/unique_fd.h"
#include "keeper/server_process.h"

namespace pear::cli {

namespace {

using Clock = std::chrono::steady_clock;

// An editor that saves writes several files; a build begins when it has been quiet for so long.
constexpr std::chrono::milliseconds kQuiet{100};

struct WatchOptions {
  SiteOptions site;
  const Surroundings* surroundings = nullptr;
};

// `pear up` and `pear build` as child processes; this one only listens and decides.
class Watch {
 public:
  Watch(const WatchOptions& options, const Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  int run() {
    if (!reload_settings()) return to_int(ExitCode::Usage);
    block_signals();
    if (config::problems_in_sources(*settings_, {}).empty()) {
      start_up();
    } else {
      start_build();
    }
    while (!exit_code_) turn();
    if (build_) {
      build_->kill_group();
      static_cast<void>(build_->reap());
    }
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    return *exit_code_;
  }

 private:
  void block_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, &mask_before_);
    signals_ = io::UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  // Reads the project again, and watches its folders. False where it is broken: problems are shown.
  bool reload_settings() {
    config::LoadResult loaded = load_and_show(options_.site, terminal_);
    if (loaded.settings == nullptr) return false;
    settings_ = std::move(loaded.settings);
    auto watcher = FileWatcher::open(folders_to_watch(*settings_));
    if (!watcher) {
      terminal_.error(watcher.error());
      return false;
    }
    watcher_ = std::make_unique<FileWatcher>(*std::move(watcher));
    if (!watcher_->complete()) {
      terminal_.warning(
          "too many folders: changes deep inside are not seen (fs.inotify.max_user_watches)");
    }
    return true;
  }

  void turn() {
    enum : std::size_t { Signals, Files, Up, Build };
    std::array<pollfd, 4> watched{{
        {.fd = signals_.get(), .events = POLLIN, .revents = 0},
        {.fd = watcher_->fd(), .events = POLLIN, .revents = 0},
        {.fd = up_ ? up_->exit_fd() : -1, .events = POLLIN, .revents = 0},
        {.fd = build_ ? build_->exit_fd() : -1, .events = POLLIN, .revents = 0},
    }};
    if (::poll(watched.data(), watched.size(), timeout_ms()) < 0) return;
    if (watched[Signals].revents != 0) take_signals();
    if (watched[Build].revents != 0) on_build_ended();
    if (watched[Up].revents != 0) on_up_ended();
    if (watched[Files].revents != 0) take_changes();
    if (!exit_code_ && quiet_at_ && Clock::now() >= *quiet_at_) react();
  }

  [[nodiscard]] int timeout_ms() const {
    if (!quiet_at_) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*quiet_at_ - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (::read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      const int number = static_cast<int>(signal.ssi_signo);
      const bool again = std::exchange(stopping_, true);
      if (build_) build_->kill_group();
      if (up_ && again) {
        up_->kill_group();  // The server dies with it.
      } else if (up_) {
        // Nobody asks a watch to reload: a SIGHUP is the end of its terminal.
        up_->send(number == SIGHUP ? SIGTERM : number);
      } else {
        exit_code_ = keeper::exit_code_of_signal(number);
      }
    }
  }

  void take_changes() {
    for (const std::filesystem::path& path : watcher_->take_changes()) {
      // Where the kernel lost count it names a folder: anything may have changed.
      std::error_code error;
      const bool lost = std::filesystem::is_directory(path, error);
      const Reaction reaction = lost ? Reaction::Build : reaction_to(path, *settings_);
      if (reaction == Reaction::None) continue;
      wanted_ = std::max(wanted_, reaction);
      quiet_at_ = Clock::now() + kQuiet;
    }
  }

  void react() {
    // What changes during a build waits for its end.
    if (build_ || stopping_) {
      quiet_at_.reset();
      return;
    }
    quiet_at_.reset();
    const Reaction reaction = std::exchange(wanted_, Reaction::None);
    if (!reload_settings()) {
      terminal_.note("what is served stays as it was");
      return;
    }
    if (reaction == Reaction::Build) {
      start_build();
    } else {
      swap();
    }
  }

  // The site that is served is replaced without losing a request; or served at last.
  void swap() {
    if (up_) {
      up_->send(SIGHUP);
    } else {
      start_up();
    }
  }

  void start_build() {
    std::vector<std::string> arguments{"pear", "build"};
    for (const std::string& setting : options_.site.set) arguments.push_back("--set=" + setting);
    arguments.insert(arguments.end(), {"--", options_.site.path});
    build_ = start(std::move(arguments), {});
  }

  void start_up() {
    std::vector<std::string> arguments{"pear", "up"};
    for (std::string& argument : to_arguments(options_.site)) {
      arguments.push_back(std::move(argument));
    }
    up_ = start(std::move(arguments),
                {.fds_by_address = options_.surroundings->inherited.fds_by_address});
  }

  std::optional<keeper::ServerProcess> start(std::vector<std::string> arguments,
                                             const keeper::Bequest& bequest) {
    auto started = keeper::ServerProcess::start(
        {.program = options_.surroundings->program, .arguments = std::move(arguments)}, bequest);
    if (started) return *std::move(started);
    terminal_.error(fmt::format("cannot start another process: {}", started.error().detail.view()));
    exit_code_ = to_int(ExitCode::Failure);
    return std::nullopt;
  }

  void on_build_ended() {
    const keeper::ExitCause cause = build_->reap();
    build_.reset();
    if (stopping_) return;
    if (keeper::exit_code_of(cause) == 0) {
      // The component that it wrote is no further change.
      take_changes_of_build();
      swap();
    } else {
      terminal_.note(up_ ? "the build failed: what is served stays as it was"
                         : "the build failed: waiting for a change");
    }
    quiet_at_.reset();
    if (wanted_ != Reaction::None) quiet_at_ = Clock::now() + kQuiet;
  }

  // Changes that came with the build: components of it are dropped, sources wait for the next one.
  void take_changes_of_build() {
    for (const std::filesystem::path& path : watcher_->take_changes()) {
      if (reaction_to(path, *settings_) != Reaction::Build) continue;
      wanted_ = Reaction::Build;
    }
    if (wanted_ == Reaction::Reload) wanted_ = Reaction::None;
  }

  void on_up_ended() {
    const int code = keeper::exit_code_of(up_->reap());
    up_.reset();
    // What a change of a file can mend is waited for; a taken port is not.
    const bool mendable = code == to_int(ExitCode::Failure) || code == to_int(ExitCode::Usage) ||
                          code == to_int(ExitCode::BadImage);
    if (stopping_ || !mendable) {
      exit_code_ = code;
    } else {
      terminal_.note("waiting for a change");
    }
  }

  const WatchOptions& options_;
  const Terminal& terminal_;
  std::shared_ptr<const config::Settings> settings_;
  std::unique_ptr<FileWatcher> watcher_;
  io::UniqueFd signals_;
  sigset_t mask_before_{};
  std::optional<keeper::ServerProcess> up_;
  std::optional<keeper::ServerProcess> build_;
  Reaction wanted_ = Reaction::None;
  std::optional<Clock::time_point> quiet_at_;  // When to act on wanted_.
  std::optional<int> exit_code_;
  bool stopping_ = false;
};

int run_watch(const WatchOptions& options, Terminal& terminal) {
  return Watch(options, terminal).run();
}

}  // namespace

void add_watch_command(Program& program, const Surroundings& surroundings) {
  auto [app, options] =
      add_command<WatchOptions>(program,
                                {.name = "watch",
                                 .summary = "Serve a project, and build and swap it at each change",
                                 .description = "Watches the files of [site.NAME.build] watch "
                                                "(globs; without it, C++ sources), pear.toml and\n"
                                                "the component. A new version takes over without "
                                                "one failed request; where a build fails, the\n"
                                                "old one stays.",
                                 .examples = "  pear watch\n"
                                             "  pear watch shop/ --listen 127.0.0.1:8080\n"},
                                run_watch);
  options.surroundings = &surroundings;
  add_serving_options(app, options.site);
}

}  // namespace pear::cli
