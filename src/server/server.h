// The server: every object of the process, built by hand in the order of dependency.
//
//   log writer ─ engine, image cache, ticker, reaper ─ cores ─ control (this thread)
//
// Thread: run() is called on the main thread, which becomes the control thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/settings.h"
#include "io/tls/lasting_secret.h"
#include "io/tls/strike_register.h"
#include "io/tls/ticket_keys.h"
#include "keeper/inheritance.h"
#include "keeper/last_images.h"
#include "keeper/vitals.h"

namespace pear::server {

struct StartOptions {
  std::string version;  // Of Pear.
  std::shared_ptr<const config::Settings> settings;
  // Reads the configuration again, for SIGHUP. What only a new start can change is in it as it was
  // at this one, and its warnings say so.
  std::function<config::LoadResult()> reload;
  // One list of listening sockets for each of settings->server.listen, then for each of
  // server.https: one socket for each core, or one that all cores share. Owned.
  std::vector<std::vector<int>> fds_by_address;
  // The UDP sockets of HTTP/3: one list for each address, in it the socket of core 0, of core 1 …,
  // or one that all cores share. Owned.
  std::vector<std::vector<int>> udp_fds_by_address;
  int ready_fd = -1;  // Owned. Told once the server serves; -1: nobody waits.
  // Then only the keeper ends requests before their time, by SIGKILL: of SIGTERM and SIGINT any
  // number asks for one drain. A process manager that signals the whole group, systemd by default,
  // is heard directly and once more through the keeper.
  bool has_keeper = false;
  keeper::History history;                 // What became of the servers before.
  std::shared_ptr<keeper::Vitals> vitals;  // What this one shows of itself; never null.
  // What the sites last ran with, for the server after this one; never null.
  std::shared_ptr<keeper::LastImages> last_images;
  std::shared_ptr<io::tls::TicketKeys> tickets;      // Never null.
  std::shared_ptr<io::tls::StrikeRegister> strikes;  // Never null.
  io::tls::LastingSecret secret = io::tls::LastingSecret::alone();
  std::filesystem::path cache;  // Where compiled images are kept; empty: nowhere.
};

// Serves until SIGTERM or SIGINT; SIGHUP reloads. Returns the exit code (keeper/exit_code.h). Says
// what is wrong in the log.
[[nodiscard]] int run(StartOptions options);

}  // namespace pear::server
