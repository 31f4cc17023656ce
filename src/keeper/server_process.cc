#include "keeper/server_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/assert.h"
#include "keeper/exit_code.h"
#include "keeper/inheritance.h"
#include "keeper/pidfd.h"

namespace pear::keeper {

namespace {

using io::UniqueFd;

// All that the child needs, made before the fork: after it, nothing may allocate.
struct Launch {
  const char* program;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<int> fds;  // To be inherited.
  pid_t parent;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(const Bequest& bequest, int ready_fd) {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    out.emplace_back(*entry);
  if (!bequest.fds_by_address.empty()) {
    out.push_back(fmt::format("{}={}", kListenersVariable, listeners_text(bequest.fds_by_address)));
  }
  out.push_back(fmt::format("{}={}", kReadyFdVariable, ready_fd));
  if (bequest.state_fd >= 0) {
    out.push_back(fmt::format("{}={}", kStateFdVariable, bequest.state_fd));
  }
  if (bequest.shared_memory_fd >= 0) {
    out.push_back(fmt::format("{}={}", kSharedMemoryFdVariable, bequest.shared_memory_fd));
  }
  const History& history = bequest.history;
  if (history.start == 0) return out;
  out.push_back(fmt::format("{}={}", kStartVariable, history.start));
  if (history.blamed != base::SiteKey::None) {
    out.push_back(fmt::format("{}={:x}", kBlamedVariable, std::to_underlying(history.blamed)));
  }
  if (!history.quarantine.empty()) {
    out.push_back(fmt::format("{}={}", kQuarantineVariable, quarantine_text(history.quarantine)));
  }
  return out;
}

[[noreturn]] void fail_in_child(const char* what) {
  const char* const reason = ::strerrordesc_np(errno);
  for (const char* text : {"pear: the server process cannot be started: ", what, ": ",
                           reason == nullptr ? "unknown error" : reason, "\n"}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(to_int(ExitCode::Failure));
}

void restore_signals() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

// Between fork and exec: system calls only.
[[noreturn]] void become_server(const Launch& launch) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail_in_child("prctl");
  if (::getppid() != launch.parent) ::_exit(to_int(ExitCode::Failure));  // It died before that.
  ::setpgid(0, 0);
  restore_signals();
  for (const int fd : launch.fds) {
    if (::fcntl(fd, F_SETFD, 0) != 0) fail_in_child("fcntl");
  }
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) fail_in_child("/dev/null");
  ::execve(launch.program, launch.arguments.data(), launch.environment.data());
  fail_in_child(launch.program);
}

std::unexpected<Error> os_error(StaticText detail) {
  return std::unexpected(Error{.kind = ErrorKind::OsError, .detail = detail, .os_errno = errno});
}

}  // namespace

Result<ServerProcess> ServerProcess::start(const ServerCommand& command, const Bequest& bequest) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return os_error("no pipe for a server");
  UniqueFd ready(ends[0]);
  const UniqueFd ready_write(ends[1]);

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_with(bequest, ready_write.get());
  Launch launch{.program = command.program.c_str(),
                .arguments = pointers_to(arguments),
                .environment = pointers_to(environment),
                .fds = {ready_write.get()},
                .parent = ::getpid()};
  for (const int fd : {bequest.state_fd, bequest.shared_memory_fd}) {
    if (fd >= 0) launch.fds.push_back(fd);
  }
  for (const std::vector<int>& fds : bequest.fds_by_address) {
    launch.fds.insert(launch.fds.end(), fds.begin(), fds.end());
  }

  const pid_t pid = ::fork();
  if (pid < 0) return os_error("no new process for a server");
  if (pid == 0) become_server(launch);
  // On both sides of the fork, so that neither can act before it is done. Fails once the child has
  // executed, which is after it did it itself.
  ::setpgid(pid, pid);

  UniqueFd pidfd(pidfd_open(pid));
  if (!pidfd.is_open()) {
    const auto error = os_error("no pidfd for a server");
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
  }
  return ServerProcess(pid, std::move(pidfd), std::move(ready));
}

std::optional<std::string> ServerProcess::take_ready() {
  std::array<char, kReadyBytesMax> text{};
  const ssize_t got = ::read(ready_.get(), text.data(), text.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  ready_.reset();
  const std::string_view said(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (!said.starts_with(kReadyWord)) return std::nullopt;
  return std::string(said.substr(kReadyWord.size()));
}

void ServerProcess::send(int signal) const {
  // Fails only when the process has ended, which exit_fd() tells.
  pidfd_send_signal(pidfd_.get(), signal);
}

void ServerProcess::kill_group() const {
  ::kill(-pid_, SIGKILL);
}

ExitCause ServerProcess::reap() {
  // The ended process still holds its id, so the group cannot be another's.
  kill_group();
  siginfo_t status{};
  int result = -1;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status, WEXITED);
  } while (result != 0 && errno == EINTR);
  PEAR_ASSERT(result == 0, "the server is a child that nobody else reaps");
  return exit_cause_of(status);
}

}  // namespace pear::keeper
