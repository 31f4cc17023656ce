// The keeper: the parent process. It holds the listening sockets open and keeps one server process
// alive behind them, so that a crash of the server costs milliseconds and refuses no connection.
//
// It parses nothing that comes from a client, runs no guest, and after its start allocates only a
// few log lines. All it reads is a short word from the server it started ("ready"), exit statuses
// and signals:
//
//   SIGTERM, SIGINT   passed on once, so that the server drains; a second one kills it.
//   SIGHUP            passed on (the server reloads its configuration); held back until it serves.
//                     Where the terminal that it was started in has gone, it is a SIGTERM.
//
// The server is in a process group of its own, so that a Ctrl-C reaches the keeper alone, and dies
// with the keeper (PR_SET_PDEATHSIG).
//
// Thread: the process's only thread: it forks.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "keeper/listener_set.h"
#include "keeper/restart_schedule.h"

namespace pear::keeper {

// The server process finds what it inherits in its environment (inheritance.h), and starts with
// SIGTERM, SIGINT and SIGHUP unblocked and at their defaults.
struct KeeperOptions {
  // The program and its arguments, as for execv.
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments;
  RestartSchedule::Options restart;
  // After the first SIGTERM: how long the server may take, its drain included. Then it is killed.
  std::chrono::milliseconds stop_max{60'000};

  // Called once, when the first server serves.
  std::function<void()> on_ready;
  // Called every 100 ms until then; for a sign of life on a terminal.
  std::function<void(std::chrono::milliseconds)> on_waiting;
};

// Runs servers until one is told to stop, or the first one ends before it ever served. Returns the
// exit code of the last server: 128 + signal when a signal ended it.
[[nodiscard]] int run(const KeeperOptions& options, const ListenerSet& listeners);

}  // namespace pear::keeper
