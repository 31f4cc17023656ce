// Engines: what the commands need of the engines and of the server. main.cc gives the real ones;
// tests give fakes, so that the commands are tested where no guest can run.
//
// Thread: main; componentize and cache_image also a thread of their own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/text_file.h"
#include "config/load.h"
#include "io/tls/lasting_secret.h"
#include "io/tls/strike_register.h"
#include "io/tls/ticket_keys.h"
#include "keeper/inheritance.h"
#include "keeper/last_images.h"
#include "keeper/vitals.h"

namespace pear::cli {

struct ServeRequest {
  std::shared_ptr<const config::Settings> settings;
  // Reads the configuration again. Any thread.
  std::function<config::LoadResult()> reload;
  // One list for each of settings->server.listen, then for each of server.https. Closed by the
  // server.
  std::vector<std::vector<int>> fds_by_address;
  // The UDP sockets of HTTP/3: one list for each address, in it the socket of core 0, of core 1 …,
  // or one that all cores share. Empty where HTTP/3 is off or its ports cannot be had. Closed by
  // the server.
  std::vector<std::vector<int>> udp_fds_by_address;
  // keeper::kReadyWord is written to it once the server serves; -1: nobody waits.
  int ready_fd = -1;
  // A keeper is this process's parent: it alone ends requests before their time.
  bool has_keeper = false;
  keeper::History history;
  std::shared_ptr<keeper::Vitals> vitals;           // Never null; nor is
  std::shared_ptr<keeper::LastImages> last_images;  // this.
  // Of session tickets; never null.
  std::shared_ptr<io::tls::TicketKeys> tickets;
  // Of early data; never null.
  std::shared_ptr<io::tls::StrikeRegister> strikes;
  io::tls::LastingSecret secret = io::tls::LastingSecret::alone();
};

struct Engines {
  // A core module of clang, made a component. `wit_folder` holds a package with the world.
  std::function<Told<std::string>(std::string_view core_module,
                                  const std::filesystem::path& wit_folder, std::string_view world)>
      componentize;
  // Compiles a component into the image cache that a server with these settings reads. The problem
  // says why it is no site.
  std::function<Told<void>(const std::filesystem::path& component,
                           const config::Settings& settings)>
      cache_image;
  // Serves until it is told to stop; the exit code.
  std::function<int(const ServeRequest& request)> serve;
};

// Where compiled images and the SDK are kept: as configured, else $XDG_CACHE_HOME/pear or
// ~/.cache/pear. Empty when there is no place: no home folder.
[[nodiscard]] std::filesystem::path cache_folder(const std::filesystem::path& configured);

}  // namespace pear::cli
