// The keeper: the parent process. It holds the listening sockets open and keeps one server process
// alive behind them, so that a crash of the server costs milliseconds and refuses no connection.
//
// It parses nothing that comes from a client, runs no guest, and after its start allocates only for
// a restart. All it reads is one word from the server that it started ("ready"), exit statuses,
// plain words of shared memory (vitals.h), and signals:
//
//   SIGTERM, SIGINT   passed on once, so that the server drains; a second one kills it. Where a
//                     process manager signals every process of the group, the server hears of it
//                     twice: it takes the second for the first (KeeperOptions::second_signal is the
//                     same for a keeper with a parent of Pear's own).
//   SIGUSR1, SIGUSR2  ignored, by the servers too.
//   SIGHUP            passed on (the server reloads its configuration); held back until it serves.
//                     When the terminal that it was started on has gone, it counts as SIGTERM.
//
// The server is in a process group of its own, so that a Ctrl-C reaches the keeper alone, and dies
// with the keeper (PR_SET_PDEATHSIG). As the first process of a container, the keeper reaps
// orphans.
//
// Thread: the process's only thread: it forks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log/level.h"
#include "keeper/listener_set.h"
#include "keeper/restart_schedule.h"
#include "keeper/server_process.h"

namespace pear::keeper {

// What a second SIGTERM or SIGINT does. Ignored: a parent that passes signals on got the same
// signal as this process, with the whole group; it kills when it has to.
enum class SecondSignal : std::uint8_t { Kills, Ignored };

struct KeeperOptions {
  // Finds what it inherits in its environment (inheritance.h).
  ServerCommand command{.program = "/proc/self/exe", .arguments = {}};
  RestartSchedule::Options restart;
  // After the first SIGTERM: how long the server may take, its drain included. Then it is killed.
  std::chrono::milliseconds stop_max{60'000};
  SecondSignal second_signal = SecondSignal::Kills;
  // A thread that has stood in one turn for so long hangs (watchdog.h): the server is killed. 0: it
  // is never.
  std::chrono::milliseconds hang_max{1'000};
  log::Level log_level = log::Level::Info;

  // Called once, when the first server serves: with what it says is not served (inheritance.h).
  std::function<void(std::string_view)> on_ready;
  // Called every 100 ms before that, with the time since the start; for a sign of life on a
  // terminal.
  std::function<void(std::chrono::milliseconds)> on_waiting;
  // Called before the keeper ends because the first server ended before it served.
  std::function<void(const ExitCause&)> on_start_failed;
};

// Runs servers until it is told to stop, or the first one ends before it ever served and that is
// nobody's fault but its own (a site that is to blame is left out by the next; who kills it from
// outside does not end it). Told to stop,
// it closes its sockets: once the server has closed its own, new connections are refused. Returns
// the exit code of the last server: 128 + signal when a signal ended it.
[[nodiscard]] int run(const KeeperOptions& options, ListenerSet listeners);

}  // namespace pear::keeper
