// What keeper_test.cc runs: a keeper with a small server behind it, as one program.
//
//   keeper_test_server keeper MODE [STOP_MS [passed-on]]
//       a keeper; its server is `keeper_test_server serve MODE`. passed-on: its parent passes
//       signals on.
//   keeper_test_server serve MODE
//       the server, which inherits from the keeper
//
// A server counts itself in the shared memory before it serves: "memory 1", "memory 2", …
// Each tells its standard output, line by line, what happened. MODE:
//   good       serves; answers a connection with its pid; ends with code 0 on SIGTERM and SIGINT
//   stubborn   serves; ignores them
//   patient    serves; ignores them, and ends with code 0 on SIGHUP
//   exit=N     ends with code N before it serves
//   crash      aborts before it serves
//   once       as good the first time; a server after that ends with code 2 before it serves
//   blamed     aborts before it serves, at work for site 7, unless that one is left out
//   late       as good, but the first one never serves
// A connection whose first byte is 'a' makes it abort, 'x' makes it exit with code 7; 'c' makes it
// abort, 'h' spin and 'b' block for ever, at work for site 7; 'l' has site 7 served again.
//
// A server says "start N" first, "blamed N" where the death before it was blamed on a site, and
// "without N" for a site that it is to leave out.
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "io/shared_memory.h"
#include "keeper/crash_report.h"
#include "keeper/inheritance.h"
#include "keeper/keeper.h"
#include "keeper/shared_memory.h"

namespace pear::keeper {
namespace {

void say(std::string_view line) {
  const std::string text = fmt::format("{}\n", line);
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) ::_exit(9);
}

int parse_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What it is, seen from outside: the vitals of one core.
class Core {
 public:
  Core(const Inheritance& inherited, std::string_view mode) : history_(inherited.history) {
    memory_ = map(inherited.shared_memory_fd);
    vitals_ = memory_ ? std::shared_ptr<Vitals>(
                            memory_, reinterpret_cast<Vitals*>(memory_->bytes().data() + kVitalsAt))
                      : vitals_alone();
    vitals_->begin(history_.start, 1);
    CrashReport::install(vitals_);
    signs_ = &vitals_->threads[Vitals::kFirstCore];
    watched_.emplace(*signs_);
    say(fmt::format("start {}", history_.start));
    if (history_.blamed != base::SiteKey::None) {
      say(fmt::format("blamed {}", std::to_underlying(history_.blamed)));
    }
    for (const QuarantinedSite& site : history_.quarantine) {
      say(fmt::format("without {}", std::to_underlying(site.site)));
    }
    vitals_->tell_quarantine(history_.quarantine);
    if (mode == "blamed" && history_.quarantine.empty()) {
      const base::WorkFor work(*signs_, kSite, base::Activity::Start);
      std::abort();
    }
    while (mode == "late" && history_.start == 1) ::pause();
  }

  void begin_turn() { signs_->begin_turn(std::chrono::steady_clock::now()); }
  void rest() { signs_->rest(); }
  void obey(char wish) {
    const base::WorkFor work(*signs_, kSite, base::Activity::Guest);
    if (wish == 'l') vitals_->tell_quarantine({});
    if (wish == 'c') std::abort();
    while (wish == 'b') ::pause();  // The question where it stands interrupts it.
    // A store that others see: no compiler may leave the loop out.
    while (wish == 'h') signs_->activity.store(base::Activity::Guest);
  }

 private:
  static constexpr base::SiteKey kSite{7};

  static std::shared_ptr<io::SharedMemory> map(int fd) {
    auto memory = io::SharedMemory::map(fd, kSharedMemoryBytes);
    return memory ? std::make_shared<io::SharedMemory>(*std::move(memory)) : nullptr;
  }

  History history_;
  std::shared_ptr<io::SharedMemory> memory_;
  std::shared_ptr<Vitals> vitals_;
  base::VitalSigns* signs_ = nullptr;
  std::optional<WatchedThread> watched_;
};

void answer(int listener, Core& core) {
  const int client = ::accept(listener, nullptr, nullptr);
  if (client < 0) return;
  char wish = 0;
  if (::read(client, &wish, 1) == 1) {
    if (wish == 'a') std::abort();
    if (wish == 'x') ::_exit(7);
    core.obey(wish);
  }
  const std::string pid = fmt::format("{}", ::getpid());
  if (::write(client, pid.data(), pid.size()) < 0) say("client gone");
  ::close(client);
}

// "memory N": this is the Nth server that maps it.
void say_memory(int fd) {
  const auto memory = io::SharedMemory::map(fd, kSharedMemoryBytes);
  if (!memory) return say("memory none");
  ::close(fd);
  // The first and the last bytes of it all.
  std::byte& first = memory->bytes().front();
  std::byte& last = memory->bytes().back();
  if (first != last) return say("memory torn");
  first = last = static_cast<std::byte>(std::to_integer<int>(first) + 1);
  say(fmt::format("memory {}", std::to_integer<int>(first)));
}

int serve(std::string_view mode) {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (mode.starts_with("exit=")) return parse_int(mode.substr(5));
  if (mode == "crash") std::abort();
  // The descriptors are the same for every server, so the first one leaves its mark on the
  // listener.
  const Inheritance inheritance = take_inheritance();
  if (inheritance.fds_by_address.empty()) return 8;
  Core core(inheritance, mode);
  const int first = inheritance.fds_by_address[0][0];
  if (mode == "once") {
    int mark = 0;
    socklen_t bytes = sizeof(mark);
    ::getsockopt(first, SOL_SOCKET, SO_PRIORITY, &mark, &bytes);
    if (mark == 5) return 2;
    mark = 5;
    ::setsockopt(first, SOL_SOCKET, SO_PRIORITY, &mark, sizeof(mark));
  }

  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::vector<pollfd> watched{{.fd = ::signalfd(-1, &signals, 0), .events = POLLIN, .revents = 0}};
  for (const int fd : inheritance.fds_by_address[0]) {
    watched.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  say_memory(inheritance.shared_memory_fd);
  say(fmt::format("serving {} {}", ::getpid(), ::getpgrp()));
  if (::write(inheritance.ready_fd, kReadyWord.data(), kReadyWord.size()) < 0) return 8;
  ::close(inheritance.ready_fd);

  while (true) {
    core.rest();
    ::poll(watched.data(), watched.size(), -1);
    core.begin_turn();
    if (watched[0].revents != 0) {
      signalfd_siginfo signal{};
      if (::read(watched[0].fd, &signal, sizeof(signal)) != sizeof(signal)) return 8;
      say(fmt::format("got SIG{}", ::sigabbrev_np(static_cast<int>(signal.ssi_signo))));
      const bool reload = signal.ssi_signo == SIGHUP;
      if (mode == "patient" ? reload : !reload && mode != "stubborn") return 0;
    }
    for (std::size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0) answer(watched[i].fd, core);
    }
  }
}

int keep(std::string_view mode, int stop_ms, SecondSignal second_signal) {
  auto listeners = ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 2);
  if (!listeners) return 9;
  say(fmt::format("port {}", listeners->addresses()[0].address.port));
  KeeperOptions options;
  options.command.arguments = {"keeper_test_server", "serve", std::string(mode)};
  options.restart = {.delay_min = std::chrono::milliseconds(1),
                     .delay_max = std::chrono::milliseconds(4)};
  options.stop_max = std::chrono::milliseconds(stop_ms);
  options.second_signal = second_signal;
  options.hang_max = std::chrono::milliseconds(200);
  options.on_ready = [](std::string_view not_served) {
    say(fmt::format("ready{}", not_served.substr(0, not_served.find('\n'))));
  };
  options.on_start_failed = [](const ExitCause& cause) { say("start failed: " + to_text(cause)); };
  const int code = run(options, *std::move(listeners));
  say("keeper ended");
  return code;
}

}  // namespace
}  // namespace pear::keeper

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) return 9;
  if (arguments[0] == "serve") return pear::keeper::serve(arguments[1]);
  using pear::keeper::SecondSignal;
  const bool passed_on = arguments.size() > 3 && arguments[3] == "passed-on";
  return pear::keeper::keep(arguments[1],
                            arguments.size() > 2 ? pear::keeper::parse_int(arguments[2]) : 60'000,
                            passed_on ? SecondSignal::Ignored : SecondSignal::Kills);
}
