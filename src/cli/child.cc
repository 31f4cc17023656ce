#include "cli/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <spawn.h>

#include "cli/terminal.h"
#include "io/unique_fd.h"

namespace pear::cli {

namespace {

constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20U;

// The settings of posix_spawn, freed at the end.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<std::string> environment_over(const std::vector<std::string>& changes) {
  std::vector<std::string> out = changes;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool changed = std::ranges::any_of(
        changes, [&](const std::string& change) { return change.starts_with(name); });
    if (!changed) out.emplace_back(text);
  }
  return out;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Told<pid_t> spawn(const ChildCommand& command, SpawnPlan& plan) {
  if (!command.folder.empty()) {
    ::posix_spawn_file_actions_addchdir_np(&plan.actions, command.folder.c_str());
  }
  // Signals that this process blocks to wait for them are none of the child's business.
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  // And those that it ignores may mean something to the child.
  sigset_t ignored;
  ::sigemptyset(&ignored);
  for (const int signal : {SIGUSR1, SIGUSR2}) ::sigaddset(&ignored, signal);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &ignored);
  short flags = 0;
  ::posix_spawnattr_getflags(&plan.attributes, &flags);
  ::posix_spawnattr_setflags(
      &plan.attributes, static_cast<short>(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_over(command.environment);
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, arguments[0].c_str(), &plan.actions, &plan.attributes,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  if (code != 0) {
    return std::unexpected(
        fmt::format("cannot run {}: {}", printable(arguments[0]), ::strerrordesc_np(code)));
  }
  return pid;
}

keeper::ExitCause wait_for(pid_t pid) {
  siginfo_t status{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &status, WEXITED) != 0 && errno == EINTR) {
  }
  return keeper::exit_cause_of(status);
}

}  // namespace

Told<pid_t> start_child(const ChildCommand& command, Group group) {
  SpawnPlan plan;
  if (group == Group::Own) ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP);
  return spawn(command, plan);
}

Told<keeper::ExitCause> run_child(const ChildCommand& command) {
  const auto pid = start_child(command, Group::Shared);
  if (!pid) return std::unexpected(pid.error());
  return wait_for(*pid);
}

Told<ChildOutput> output_of(const ChildCommand& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return std::unexpected("no pipe for a program's output");
  const io::UniqueFd read_end(ends[0]);
  io::UniqueFd write_end(ends[1]);
  SpawnPlan plan;
  ::posix_spawn_file_actions_adddup2(&plan.actions, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto pid = spawn(command, plan);
  write_end.reset();
  if (!pid) return std::unexpected(pid.error());

  ChildOutput out;
  std::array<char, 4'096> piece{};
  while (true) {
    const ssize_t got = ::read(read_end.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    // The rest is read and dropped, so that the program can end.
    const std::size_t room = kOutputBytesMax - out.text.size();
    out.text.append(piece.data(), std::min(room, static_cast<std::size_t>(got)));
  }
  out.cause = wait_for(*pid);
  return out;
}

}  // namespace pear::cli
