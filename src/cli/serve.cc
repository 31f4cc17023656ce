#include "cli/serve.h"

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include <sched.h>

#include <fmt/format.h>

#include "cli/addresses.h"
#include "cli/local_tls.h"
#include "config/reload.h"
#include "control/certificate_files.h"
#include "io/clock.h"

namespace pear::cli {

namespace {

// What only a new start can change.
struct Fixed {
  config::ServerSettings written;   // As it was configured at the start,
  BoundAddresses bound;             // and what its addresses became.
  std::filesystem::path authority;  // Where the local authority lies.
  std::uint32_t cores = 1;
};

// First the folder that relative paths start from, then the settings.
void remember(const config::LoadResult& loaded, const LastGood& last_good) {
  // A bare component has no file that could break.
  if (loaded.settings->file.empty()) return;
  last_good.keep(fmt::format("{}\n{}", loaded.settings->file.parent_path().native(),
                             config::effective_toml(*loaded.settings, loaded.origins)));
}

void fix(config::LoadResult& loaded, const Fixed& fixed) {
  auto settings = std::make_shared<config::Settings>(*loaded.settings);
  config::ReloadedServer reloaded = config::reload_server(fixed.written, settings->server);
  for (const config::PendingChange& change : reloaded.pending) {
    // Where nobody sets it, it follows from server.listen.
    if (change.key == "server.https" && !loaded.origins.contains(change.key)) continue;
    loaded.warnings.push_back(
        {.where = settings->file.native(), .key = change.key, .what = to_text(change)});
  }
  settings->server = std::move(reloaded.settings);
  settings->server.listen = fixed.bound.listen;
  settings->server.https = fixed.bound.https;
  settings->server.cores = fixed.cores;
  for (std::string& problem : use_local_certificate(fixed.authority, *settings)) {
    loaded.warnings.push_back(
        {.where = settings->file.native(), .key = "server.https", .what = std::move(problem)});
  }
  loaded.settings = std::move(settings);
}

// Of a configuration that was loaded; else there is nothing to find.
control::CertificateCheck check_certificates(const config::LoadResult& loaded) {
  if (loaded.settings == nullptr) return {};
  return control::check_certificates(*loaded.settings, loaded.origins, io::wall_time());
}

// Not in force yet. One with a wrong certificate, key or rule for clients is refused as a whole, as
// one with any other problem is.
config::LoadResult read_again(const SiteOptions& site, const config::Overrides& overrides,
                              const Fixed& fixed, const LastGood& last_good) {
  config::LoadResult again = config::load(site.path, overrides);
  if (again.settings == nullptr) return again;
  const config::LoadResult as_written = again;
  fix(again, fixed);
  // Its warnings are those of the server's own reading.
  control::CertificateCheck certificates = check_certificates(again);
  if (certificates.problems.empty()) {
    remember(as_written, last_good);
  } else {
    again.settings.reset();
    again.problems = std::move(certificates.problems);
  }
  return again;
}

}  // namespace

std::uint32_t core_count(const config::Settings& settings) {
  if (settings.server.cores != 0) return settings.server.cores;
  // Containers and taskset give fewer than the machine has.
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
    return static_cast<std::uint32_t>(std::max(CPU_COUNT(&cpus), 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1U);
}

config::LoadResult load_for_serving(const SiteOptions& site, const LastGood& last_good,
                                    const Terminal& terminal) {
  config::LoadResult loaded = load_and_show(site, terminal);
  const control::CertificateCheck certificates = check_certificates(loaded);
  if (loaded.settings != nullptr && certificates.problems.empty()) return loaded;
  const auto text = last_good.find();
  if (!text) return loaded;
  const std::size_t end = text->find('\n');
  if (end == std::string::npos) return loaded;
  config::LoadResult former =
      config::load_text({.file = std::filesystem::path(text->substr(0, end)) / "pear.toml",
                         .text = text->substr(end + 1)},
                        {});
  // Files that are as wrong for the former as for this one do not bring it back.
  if (former.settings == nullptr || !check_certificates(former).problems.empty()) return loaded;
  show_problems(certificates.problems, terminal);
  terminal.warning("the configuration is broken: serving with the last one that was not");
  return former;
}

int serve_here(Serving serving, keeper::ListenerSet listeners, const Engines& engines) {
  const config::ServerSettings& configured = serving.loaded.settings->server;
  const Fixed fixed{.written = configured,
                    .bound = divide_addresses(listeners.listen_addresses(), configured),
                    .authority = local_authority_folder(),
                    .cores = core_count(*serving.loaded.settings)};
  remember(serving.loaded, serving.last_good);
  fix(serving.loaded, fixed);

  ServeRequest request;
  request.settings = std::move(serving.loaded.settings);
  // The environment is read here, once: a reload runs while threads do.
  request.reload = [site = serving.site, overrides = to_overrides(serving.site), fixed,
                    last_good = serving.last_good] {
    return read_again(site, overrides, fixed, last_good);
  };
  // The keeper, or systemd, may hold UDP sockets that these settings have no use for.
  if (!fixed.written.http3.enabled || fixed.bound.https.empty())
    listeners.close(keeper::Transport::Udp);
  request.udp_fds_by_address = listeners.release(keeper::Transport::Udp);
  std::vector<std::vector<int>> sockets = listeners.release(keeper::Transport::Tcp);
  for (const std::size_t i : fixed.bound.order) {
    request.fds_by_address.push_back(std::move(sockets[i]));
  }
  request.ready_fd = serving.ready_fd;
  request.has_keeper = serving.has_keeper;
  request.history = std::move(serving.history);
  request.vitals = serving.memory.vitals();
  request.last_images = serving.memory.last_images();
  request.tickets = serving.memory.ticket_keys();
  request.strikes = serving.memory.strike_register();
  request.secret = serving.memory.lasting_secret();
  return engines.serve(request);
}

}  // namespace pear::cli
