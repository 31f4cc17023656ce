#include "keeper/keeper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/time.h"
#include "io/unique_fd.h"
#include "keeper/death.h"
#include "keeper/exit_code.h"
#include "keeper/keeper_log.h"
#include "keeper/oom_kills.h"
#include "keeper/quarantine.h"
#include "keeper/server_watch.h"
#include "keeper/shared_memory.h"

namespace pear::keeper {

namespace {

using io::UniqueFd;

using log::Level;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr milliseconds kWaitingTick{100};
// For a thread that hangs to write its stack, and how often it is looked whether it has.
constexpr milliseconds kStackMax{200};
constexpr milliseconds kStackTick{10};
// The kernel counts a kill for want of memory before the process has ended, which takes as long as
// giving back what it had.
constexpr std::chrono::seconds kKillMax{5};

sigset_t keeper_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, signal);
  return set;
}

std::string_view signal_text(int signal) {
  if (signal == SIGHUP) return "SIGHUP";
  return signal == SIGINT ? "SIGINT" : "SIGTERM";
}

class Keeper {
 public:
  Keeper(const KeeperOptions& options, ListenerSet listeners)
      : options_(options),
        listeners_(std::move(listeners)),
        state_fd_(::memfd_create("pear-state", MFD_CLOEXEC)),
        shared_memory_(make_shared_memory()),
        vitals_(map_vitals(shared_memory_.get())),
        watch_(vitals_.get(), options.hang_max),
        oom_kills_(OomKills::open()),
        bequest_{.fds_by_address = listeners_.fds_by_address(),
                 .state_fd = state_fd_.get(),
                 .shared_memory_fd = shared_memory_.get()},
        log_(STDERR_FILENO, options.log_level),
        schedule_(options.restart),
        had_terminal_(::isatty(STDIN_FILENO) == 1) {}

  int run() {
    // Who started us may ignore it, and that is inherited: then nobody could be waited for.
    ::signal(SIGCHLD, SIG_DFL);
    const sigset_t signals = keeper_signals();
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &signals, &before);
    // A log that nobody reads any more must not end the keeper, nor must SIGUSR1 and SIGUSR2, which
    // other servers take for "open the log again".
    const auto pipe_action = ::signal(SIGPIPE, SIG_IGN);
    for (const int signal : {SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
    signal_fd_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    PEAR_ASSERT(signal_fd_.is_open(), "the start left room for one descriptor");

    started_ = now();
    restart_at_ = started_;
    while (!exit_code_) turn();

    ::signal(SIGPIPE, pipe_action);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return *exit_code_;
  }

 private:
  static MonotonicTime now() { return std::chrono::steady_clock::now(); }

  // One wait, and all that it found.
  void turn() {
    if (restart_at_ && now() >= *restart_at_) start_server();
    if (exit_code_) return;

    enum : std::size_t { Signals, Ended, Ready };
    std::array<pollfd, 3> watched{{
        {.fd = signal_fd_.get(), .events = POLLIN, .revents = 0},
        {.fd = server_ ? server_->exit_fd() : -1, .events = POLLIN, .revents = 0},
        {.fd = server_ ? server_->ready_fd() : -1, .events = POLLIN, .revents = 0},
    }};
    const int found = ::poll(watched.data(), watched.size(), timeout_ms());
    if (found < 0) {
      PEAR_ASSERT(errno == EINTR, "poll of three descriptors of our own");
      return;
    }
    // What the server said comes before how it ended: it may have served in between. So do signals:
    // a server that got the one that was for the whole group, and is quick, did not die.
    if (watched[Ready].revents != 0) {
      if (const auto not_served = server_->take_ready()) on_ready(*not_served);
    }
    if (watched[Signals].revents != 0) take_signals();
    if (watched[Ended].revents != 0) on_server_ended();
    if (kill_at_ && now() >= *kill_at_) kill_server("it did not end in time");
    if (watch_.next_look() && now() >= *watch_.next_look()) look_at_server();
    if (stack_until_ && (watch_.stack_written() || now() >= *stack_until_)) {
      stack_until_.reset();
      kill_server("it hangs");
    }
    if (is_first_start() && options_.on_waiting) {
      options_.on_waiting(duration_cast<milliseconds>(now() - started_));
    }
  }

  // Until the next thing that happens by time alone; -1 for ever.
  [[nodiscard]] int timeout_ms() const {
    std::optional<MonotonicTime> next = restart_at_;
    const auto at = [&](MonotonicTime time) { next = next ? std::min(*next, time) : time; };
    if (kill_at_) at(*kill_at_);
    if (watch_.next_look()) at(*watch_.next_look());
    if (stack_until_) at(now() + kStackTick);
    if (is_first_start() && options_.on_waiting) at(now() + kWaitingTick);
    if (!next) return -1;
    const auto wait = std::chrono::ceil<milliseconds>(*next - now());
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60'000));
  }

  [[nodiscard]] bool is_first_start() const { return !has_served_ && !exit_code_; }

  void start_server() {
    restart_at_.reset();
    note_oom_kills();
    ++bequest_.history.start;
    auto server = ServerProcess::start(options_.command, bequest_);
    if (!server) {
      log_.write(Level::Error, "server_not_started",
                 {{.name = "message", .value = server.error().detail.view()},
                  {.name = "errno", .value = std::int64_t{server.error().os_errno}}});
      if (!has_served_) {
        exit_code_ = to_int(ExitCode::Failure);
        return;
      }
      restart_at_ = now() + schedule_.on_exit(std::chrono::nanoseconds(0));
      return;
    }
    server_ = *std::move(server);
    ready_at_.reset();
    watch_.begin(server_->pid(), bequest_.history.start);
    log_.write(has_served_ ? Level::Warning : Level::Debug,
               has_served_ ? "server_restarted" : "server_started",
               {{.name = "pid", .value = std::int64_t{server_->pid()}}});
  }

  void on_ready(std::string_view not_served) {
    ready_at_ = now();
    if (died_at_) {
      log_.write(Level::Info, "server_serving",
                 {{.name = "pid", .value = std::int64_t{server_->pid()}},
                  {.name = "down_us", .value = microseconds_since(*died_at_)}});
      died_at_.reset();
    }
    if (!has_served_) {
      has_served_ = true;
      if (options_.on_ready) options_.on_ready(not_served);
    }
    if (reload_pending_) server_->send(SIGHUP);
    reload_pending_ = false;
  }

  void on_server_ended() {
    const pid_t pid = server_->pid();
    const ExitCause cause = server_->reap();
    server_.reset();
    watch_.end();
    stack_until_.reset();
    reap_orphans();
    if (stop_signal_) {
      const bool was_killed = cause == ExitCause{ExitCause::Kind::Killed, SIGKILL};
      exit_code_ = was_killed ? exit_code_of_signal(*stop_signal_) : exit_code_of(cause);
      return;
    }
    const Death death = judge_death(cause);
    const bool blameless = death.kind == Death::Kind::Outside || death.kind == Death::Kind::Stopped;
    const bool blamed = note_blame(death.blamed);
    if (!has_served_ && !blameless && !blamed) {
      if (options_.on_start_failed) options_.on_start_failed(cause);
      exit_code_ = exit_code_of(cause);
      return;
    }
    const MonotonicTime time = now();
    if (!died_at_) died_at_ = time;
    const auto served = ready_at_ ? time - *ready_at_ : std::chrono::nanoseconds(0);
    // Who is killed from outside comes back however often. A site that is to blame is left out the
    // second time: what waits there is nobody's gain.
    const milliseconds delay = blameless || blamed ? milliseconds(0) : schedule_.on_exit(served);
    restart_at_ = time + delay;
    log_.write(
        Level::Error, "server_died",
        {{.name = "pid", .value = std::int64_t{pid}},
         {.name = "cause", .value = std::string_view(to_text(cause))},
         {.name = "message", .value = to_text(death.kind)},
         {.name = "served_ms", .value = std::int64_t{duration_cast<milliseconds>(served).count()}},
         {.name = "restart_in_ms", .value = std::int64_t{delay.count()}},
         {.name = "attempt", .value = static_cast<std::int64_t>(schedule_.attempt())}});
  }

  [[nodiscard]] Death judge_death(const ExitCause& cause) {
    DeathSigns signs{
        .cause = cause, .stopped = hang_ && !hang_->thread, .hung = hang_ && hang_->thread};
    if (hang_) signs.hung_for = hang_->site;
    hang_.reset();
    note_oom_kills();
    if (oom_kills_seen_) {
      const bool lately = oom_kill_at_ && now() - *oom_kill_at_ <= kKillMax;
      signs.memory_kills = lately ? DeathSigns::MemoryKills::Some : DeathSigns::MemoryKills::None;
    }
    const std::uint32_t start = bequest_.history.start;
    if (vitals_ != nullptr && vitals_->is_of(start)) {
      signs.crashed_for = vitals_->blame_of_crash(start);
      signs.largest = vitals_->largest_site.load(std::memory_order_relaxed);
    }
    return judge(signs);
  }

  // Writes down for the next server what this death was blamed on. False: on no site.
  bool note_blame(base::SiteKey site) {
    std::vector<QuarantinedSite> left_out;
    if (vitals_ != nullptr && vitals_->read_quarantine(bequest_.history.start, left_out)) {
      quarantine_.adopt(left_out);
    }
    const bool blamed = site != base::SiteKey::None;
    if (blamed) static_cast<void>(quarantine_.on_death(site, now()));
    bequest_.history.blamed = site;
    bequest_.history.quarantine.assign(quarantine_.sites().begin(), quarantine_.sites().end());
    return blamed;
  }

  void note_oom_kills() {
    const auto count = oom_kills_.count();
    if (count && oom_kills_seen_ && *count > *oom_kills_seen_) oom_kill_at_ = now();
    oom_kills_seen_ = count;
  }

  void look_at_server() {
    note_oom_kills();
    const auto hang = watch_.look(now());
    if (!hang || !server_) return;
    hang_ = hang;
    const bool is_core = hang->thread && *hang->thread >= Vitals::kFirstCore;
    log_.write(
        Level::Error, "server_hung",
        {{.name = "pid", .value = std::int64_t{server_->pid()}},
         {.name = "thread",
          .value = std::string_view(!hang->thread ? "all, by SIGSTOP"
                                    : is_core     ? "core"
                                                  : "control")},
         {.name = "hung_core",
          .value = is_core ? static_cast<std::int64_t>(*hang->thread - Vitals::kFirstCore) : -1},
         {.name = "activity", .value = base::name(hang->activity)},
         {.name = "stood_ms",
          .value = std::int64_t{duration_cast<milliseconds>(hang->stood).count()}}});
    if (!hang->thread) return kill_server("it is stopped");
    watch_.ask_for_stack(*hang);
    stack_until_ = now() + kStackMax;
  }

  void take_signals() {
    signalfd_siginfo signal{};
    while (::read(signal_fd_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      const int number = static_cast<int>(signal.ssi_signo);
      if (number == SIGCHLD) {
        watch_.look_soon(now());  // It may have been stopped.
        reap_orphans();
      } else if (number == SIGHUP && !lost_terminal()) {
        reload();
      } else {
        stop(number);
      }
    }
  }

  // A shell that ends, or a window that closes, sends SIGHUP too, and means: end.
  [[nodiscard]] bool lost_terminal() const { return had_terminal_ && ::isatty(STDIN_FILENO) == 0; }

  void reload() {
    if (server_ && ready_at_) {
      server_->send(SIGHUP);
    } else {
      reload_pending_ = true;
    }
  }

  void stop(int signal) {
    if (!server_) {
      exit_code_ = exit_code_.value_or(to_int(ExitCode::Ok));
      return;
    }
    if (stop_signal_) {
      if (options_.second_signal == SecondSignal::Kills) kill_server("a second signal");
      return;
    }
    stop_signal_ = signal == SIGINT ? SIGINT : SIGTERM;
    log_.write(Level::Info, "stopping", {{.name = "signal", .value = signal_text(signal)}});
    kill_at_ = now() + options_.stop_max;
    listeners_ = {};
    server_->send(*stop_signal_);
  }

  void kill_server(std::string_view why) {
    kill_at_.reset();
    if (!server_) return;
    log_.write(Level::Warning, "server_killed",
               {{.name = "pid", .value = std::int64_t{server_->pid()}},
                {.name = "message", .value = why}});
    server_->kill_group();
  }

  // The first process of a container inherits every process whose parent has gone.
  void reap_orphans() const {
    if (::getpid() != 1) return;
    while (true) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0) return;
      if (ended.si_pid == 0 || (server_ && ended.si_pid == server_->pid())) return;
      ::waitpid(ended.si_pid, nullptr, WNOHANG);
    }
  }

  [[nodiscard]] static std::int64_t microseconds_since(MonotonicTime then) {
    return duration_cast<std::chrono::microseconds>(now() - then).count();
  }

  const KeeperOptions& options_;
  ListenerSet listeners_;
  const UniqueFd state_fd_;  // -1 where the machine has none: then a server finds nothing.
  const UniqueFd shared_memory_;
  const SharedVitals vitals_;  // Null where there is no shared memory.
  ServerWatch watch_;
  const OomKills oom_kills_;
  Bequest bequest_;
  Quarantine quarantine_;
  KeeperLog log_;
  RestartSchedule schedule_;
  const bool had_terminal_;

  UniqueFd signal_fd_;
  std::optional<ServerProcess> server_;
  MonotonicTime started_;
  std::optional<MonotonicTime> restart_at_;   // No server: when to start one.
  std::optional<MonotonicTime> ready_at_;     // Of server_.
  std::optional<MonotonicTime> died_at_;      // Nobody has served since.
  std::optional<MonotonicTime> kill_at_;      // While stopping.
  std::optional<ServerWatch::Hang> hang_;     // Of server_, which is being killed for it.
  std::optional<MonotonicTime> stack_until_;  // So long it may write where it hangs.
  std::optional<std::uint64_t> oom_kills_seen_;
  std::optional<MonotonicTime> oom_kill_at_;  // When that last grew.
  std::optional<int> stop_signal_;            // Passed on.
  std::optional<int> exit_code_;
  bool has_served_ = false;  // Some server did, once.
  bool reload_pending_ = false;
};

}  // namespace

int run(const KeeperOptions& options, ListenerSet listeners) {
  return Keeper(options, std::move(listeners)).run();
}

}  // namespace pear::keeper
