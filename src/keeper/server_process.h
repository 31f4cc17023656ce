// ServerProcess: one running server, a child of this process.
//
// Owner: the keeper. Thread: the only one of its process; it forks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "io/unique_fd.h"
#include "keeper/exit_cause.h"
#include "keeper/inheritance.h"

namespace pear::keeper {

// Descriptors that the server is born with; inheritance.h says how it finds them.
struct Bequest {
  std::vector<std::vector<int>> fds_by_address;
  int state_fd = -1;          // -1: none; so is
  int shared_memory_fd = -1;  // this.
  History history = {};
};

struct ServerCommand {
  std::string program;                 // A path.
  std::vector<std::string> arguments;  // The first is the name that the process shows.
};

class ServerProcess {
 public:
  // Starts the program in a process group of its own, with the default signal mask and actions,
  // with standard input from /dev/null and the listeners as inheritance.h says. It dies with this
  // process. Errors: OsError. A program that cannot be executed ends with exit code 1 and a
  // message.
  [[nodiscard]] static Result<ServerProcess> start(const ServerCommand& command,
                                                   const Bequest& bequest);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable once the process has ended.
  [[nodiscard]] int exit_fd() const { return pidfd_.get(); }
  // Readable when the process said something; -1 once it said it all.
  [[nodiscard]] int ready_fd() const { return ready_.get(); }

  // Reads what ready_fd() has. The process serves; said once, with what it says behind the word:
  // text for people, which is not looked at.
  [[nodiscard]] std::optional<std::string> take_ready();
  // To the server itself.
  void send(int signal) const;
  // SIGKILL, to all processes of its group.
  void kill_group() const;
  // Reaps the process, which must have ended, after killing what is left of its group.
  [[nodiscard]] ExitCause reap();

 private:
  ServerProcess(pid_t pid, io::UniqueFd pidfd, io::UniqueFd ready)
      : pid_(pid), pidfd_(std::move(pidfd)), ready_(std::move(ready)) {}

  pid_t pid_;
  io::UniqueFd pidfd_;
  io::UniqueFd ready_;
};

}  // namespace pear::keeper
