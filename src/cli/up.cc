#include "cli/up.h"

#include <array>
#include <csignal>
#include <optional>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <malloc.h>

#include "cli/addresses.h"
#include "cli/banner.h"
#include "cli/child.h"
#include "cli/local_tls.h"
#include "cli/progress.h"
#include "cli/serve.h"
#include "cli/site_options.h"
#include "control/certificate_files.h"
#include "io/clock.h"
#include "io/descriptor_limit.h"
#include "io/unique_fd.h"
#include "keeper/keeper.h"
#include "keeper/keeper_log.h"

namespace pear::cli {

namespace {

struct UpOptions {
  SiteOptions site;
  bool no_keeper = false;
  bool build = false;
  const Surroundings* surroundings = nullptr;
};

// Nothing, or the exit code.
std::optional<int> refuse_missing_components(const UpOptions& options,
                                             const config::LoadResult& loaded,
                                             const Terminal& terminal) {
  const auto missing = config::problems_in_sources(*loaded.settings, loaded.origins);
  if (missing.empty()) return std::nullopt;
  if (options.build) {
    const int built = build_missing(options.site, *options.surroundings, terminal);
    return built == 0 ? std::nullopt : std::optional(built);
  }
  show_problems(missing, terminal);
  if (!loaded.settings->file.empty()) {
    terminal.hint("pear build          makes it");
    terminal.hint("pear up --build     makes it, and serves it");
  }
  return to_int(ExitCode::BadImage);
}

// Until there is somebody to take it, a reload waits; by default it would end the process.
void hold_reloads() {
  sigset_t reload;
  ::sigemptyset(&reload);
  ::sigaddset(&reload, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &reload, nullptr);
}

std::expected<keeper::ListenerSet, keeper::ListenProblem> listeners_for(
    const UpOptions& options, const config::Settings& settings) {
  const auto& inherited = options.surroundings->inherited.fds_by_address;
  if (inherited.empty()) {
    return keeper::ListenerSet::open(addresses_to_open(settings.server), core_count(settings));
  }
  auto adopted = keeper::ListenerSet::adopt(inherited);
  // Where nobody would answer, clients are told so.
  const bool is_http3_served = settings.server.http3.enabled && !settings.server.https.empty();
  if (adopted && !is_http3_served) adopted->close(keeper::Transport::Udp);
  return adopted;
}

// Where it is served, with the ports that were chosen.
config::Settings with_addresses(const config::Settings& settings,
                                const keeper::ListenerSet& listeners) {
  config::Settings shown = settings;
  BoundAddresses bound = divide_addresses(listeners.listen_addresses(), shown.server);
  shown.server.listen = std::move(bound.listen);
  shown.server.https = std::move(bound.https);
  return shown;
}

log::Level log_level_of(const config::Settings& settings) {
  switch (settings.server.log.level) {
    case config::LogLevel::Debug:
      return log::Level::Debug;
    case config::LogLevel::Info:
      return log::Level::Info;
    case config::LogLevel::Warning:
      return log::Level::Warning;
    case config::LogLevel::Error:
      return log::Level::Error;
  }
  return log::Level::Info;
}

// To whoever looks on, and to whoever reads the log later.
void show_warnings(const keeper::ListenerSet& listeners, const config::Settings& settings,
                   const Terminal& terminal) {
  const keeper::KeeperLog log(STDERR_FILENO, log_level_of(settings));
  for (const std::string& warning : listeners.warnings()) {
    terminal.warning(warning);
    log.write(log::Level::Warning, "http3_unavailable",
              {{.name = "message", .value = std::string_view(warning)}});
  }
}

std::string sites_text(const config::Settings& settings) {
  std::string out = "starting";
  for (const config::SiteSettings& site : settings.sites) out += " " + site.name;
  return out + " (a component is compiled when it is new)";
}

// What is said once there is something to say.
struct Banner {
  std::shared_ptr<const config::Settings> settings;
  HttpsServed https;

  [[nodiscard]] std::string text(std::string_view not_served, const Terminal& terminal) const {
    return banner_text(*settings, https, parse_not_served(not_served), terminal);
  }
};

int run_keeper(const UpOptions& options, std::shared_ptr<const config::Settings> settings,
               Banner banner, keeper::ListenerSet listeners, const Terminal& terminal) {
  keeper::KeeperOptions keep;
  keep.command.program = options.surroundings->program;
  keep.command.arguments = {"pear", "serve"};
  for (std::string& argument : to_arguments(options.site)) {
    keep.command.arguments.push_back(std::move(argument));
  }
  keep.restart = {.delay_min = settings->server.keeper.restart_delay_min,
                  .delay_max = settings->server.keeper.restart_delay_max};
  // Beyond the drain a server only has to close what is left.
  keep.stop_max = settings->server.drain + std::chrono::seconds(10);
  // A parent that waits for the word "ready" is pear watch, which passes signals on.
  keep.second_signal = options.surroundings->inherited.ready_fd >= 0 ? keeper::SecondSignal::Ignored
                                                                     : keeper::SecondSignal::Kills;
  keep.log_level = log_level_of(*settings);
  keep.on_ready = [banner = std::move(banner), &terminal](std::string_view not_served) mutable {
    terminal.clear_progress();
    terminal.print(banner.text(not_served, terminal));
    // From here on the keeper needs next to nothing.
    banner = {};
    ::malloc_trim(0);
  };
  keep.on_waiting = [what = sites_text(*settings), &terminal](std::chrono::milliseconds elapsed) {
    show_elapsed(what, elapsed, terminal);
  };
  keep.on_start_failed = [&terminal](const keeper::ExitCause& cause) {
    terminal.clear_progress();
    terminal.error(cause.kind == keeper::ExitCause::Kind::Killed
                       ? fmt::format("the server process ended by {} before it served anything",
                                     keeper::to_text(cause))
                       : std::string("nothing is served: the log lines above say why"));
  };
  settings.reset();
  ::malloc_trim(0);
  return keeper::run(keep, std::move(listeners));
}

// One process: a thread waits for the server's word and shows the banner.
int run_alone(const UpOptions& options, config::LoadResult loaded, const Banner& banner,
              keeper::ListenerSet listeners, const Terminal& terminal) {
  // Not a pipe: shutdown() below wakes the reader where the server ended without a word.
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    terminal.error("no file descriptors are left (ulimit -n)");
    return to_int(ExitCode::Failure);
  }
  const io::UniqueFd ready(ends[0]);
  // Signals are for the server, which blocks them before it makes threads of its own.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread shower([&] {
    std::array<char, keeper::kReadyBytesMax> text{};
    const ssize_t got = ::read(ready.get(), text.data(), text.size());
    std::string_view said(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    if (!said.starts_with(keeper::kReadyWord)) return;
    said.remove_prefix(keeper::kReadyWord.size());
    terminal.print(banner.text(said, terminal));
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const int code = serve_here({.site = options.site,
                               .loaded = std::move(loaded),
                               .last_good = LastGood(-1),
                               .memory = KeeperMemory(-1),
                               .ready_fd = ends[1]},
                              std::move(listeners), options.surroundings->engines);
  ::shutdown(ready.get(), SHUT_RDWR);
  shower.join();
  return code;
}

// Without the local certificate a project in development is served without TLS. Where others are
// wrong the rest is served: the server goes on to look at their files.
HttpsServed prepare_https(config::LoadResult& loaded, const Terminal& terminal) {
  auto settings = std::make_shared<config::Settings>(*loaded.settings);
  const auto problems = use_local_certificate(local_authority_folder(), *settings);
  for (const std::string& problem : problems) terminal.warning("no https: " + problem);
  if (!problems.empty()) settings->server.https.clear();
  HttpsServed https;
  https.is_local = settings->server.certificates != loaded.settings->server.certificates;
  loaded.settings = std::move(settings);
  const auto found = control::check_certificates(*loaded.settings, loaded.origins, io::wall_time());
  show_findings(found, terminal);
  https.can_serve = found.can_serve;
  if (!found.can_serve) {
    terminal.warning(
        "https cannot be served: its connections are refused until the files above are right; the "
        "rest is served");
  } else if (!found.problems.empty()) {
    terminal.warning("https is served with the certificates that are right");
  }
  return https;
}

std::vector<config::ListenAddress> udp_addresses(const keeper::ListenerSet& listeners) {
  std::vector<config::ListenAddress> addresses;
  for (const keeper::ListenerSet::Address& each : listeners.addresses()) {
    if (each.transport == keeper::Transport::Udp) addresses.push_back(each.address);
  }
  return addresses;
}

// Whether there are enough to start with. Also raises their limit as far as it goes.
bool has_descriptors(const config::Settings& settings, const Terminal& terminal) {
  const std::size_t limit = io::raise_descriptor_limit();
  const std::size_t needed = io::descriptors_to_start(
      core_count(settings), settings.server.listen.size() + settings.server.https.size());
  if (limit >= needed) return true;
  terminal.error(
      fmt::format("only {} file descriptors are allowed, and to start takes {}", limit, needed));
  terminal.hint("ulimit -n 65536 (of a service: LimitNOFILE=65536)");
  return false;
}

int run_up(const UpOptions& options, Terminal& terminal) {
  hold_reloads();
  config::LoadResult loaded = load_and_show(options.site, terminal);
  if (loaded.settings == nullptr) return to_int(ExitCode::Usage);
  if (!has_descriptors(*loaded.settings, terminal)) return to_int(ExitCode::Failure);
  if (const auto refused = refuse_missing_components(options, loaded, terminal)) {
    return *refused;
  }
  HttpsServed https = prepare_https(loaded, terminal);
  auto listeners = listeners_for(options, *loaded.settings);
  if (!listeners) {
    terminal.error(listeners.error().text);
    return to_int(ExitCode::CannotListen);
  }
  show_warnings(*listeners, *loaded.settings, terminal);
  https.by_udp = udp_addresses(*listeners);
  auto shown =
      std::make_shared<const config::Settings>(with_addresses(*loaded.settings, *listeners));
  Banner banner{.settings = shown, .https = https};
  if (options.no_keeper || !loaded.settings->server.keeper.enabled) {
    return run_alone(options, std::move(loaded), banner, *std::move(listeners), terminal);
  }
  loaded = {};
  return run_keeper(options, std::move(shown), std::move(banner), *std::move(listeners), terminal);
}

struct ServeOptions {
  SiteOptions site;
  const Surroundings* surroundings = nullptr;
};

int run_serve(const ServeOptions& options, Terminal& terminal) {
  const keeper::Inheritance& inherited = options.surroundings->inherited;
  if (inherited.fds_by_address.empty()) {
    terminal.error("pear serve is what pear up starts; it inherits its sockets");
    terminal.hint("pear up --no-keeper serves in one process");
    return to_int(ExitCode::Usage);
  }
  // So that ps and top tell the two processes apart.
  ::prctl(PR_SET_NAME, "pear-server");
  const LastGood last_good(inherited.state_fd);
  config::LoadResult loaded = load_for_serving(options.site, last_good, terminal);
  if (loaded.settings == nullptr) return to_int(ExitCode::Usage);
  auto listeners = keeper::ListenerSet::adopt(inherited.fds_by_address);
  if (!listeners) {
    terminal.error(listeners.error().text);
    return to_int(ExitCode::CannotListen);
  }
  for (const int fd : {inherited.ready_fd, inherited.state_fd, inherited.shared_memory_fd}) {
    if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  const KeeperMemory memory(inherited.shared_memory_fd);
  if (!memory.is_shared()) {
    terminal.warning(
        "the keeper has no memory to share: after a crash of the server, clients of https begin "
        "anew");
  }
  return serve_here({.site = options.site,
                     .loaded = std::move(loaded),
                     .last_good = last_good,
                     .memory = memory,
                     .ready_fd = inherited.ready_fd,
                     .has_keeper = true,
                     .history = inherited.history},
                    *std::move(listeners), options.surroundings->engines);
}

}  // namespace

int build_missing(const SiteOptions& site, const Surroundings& surroundings,
                  const Terminal& terminal) {
  ChildCommand command{.arguments = {surroundings.program, "build", "--missing"}};
  for (const std::string& setting : site.set) command.arguments.push_back("--set=" + setting);
  command.arguments.insert(command.arguments.end(), {"--", site.path});
  const auto cause = run_child(command);
  if (cause) return keeper::exit_code_of(*cause);
  terminal.error(cause.error());
  return to_int(ExitCode::Failure);
}

void add_up_command(Program& program, const Surroundings& surroundings) {
  auto [app, options] = add_command<UpOptions>(
      program,
      {.name = "up",
       .summary = "Serve a project, or a component",
       .description = "A small parent process, the keeper, holds the sockets and restarts the "
                      "server when it dies:\n"
                      "no connection is refused meanwhile. Ctrl-C or SIGTERM lets running requests "
                      "finish; a second\n"
                      "one ends at once. SIGHUP reads the configuration again. PORT and LISTEN_FDS "
                      "(systemd) are\n"
                      "honoured.",
       .examples = "  pear up\n"
                   "  pear up hello.wasm\n"
                   "  pear up shop/ --build --listen 0.0.0.0:8080\n"
                   "  pear up --listen 127.0.0.1:8080 --https 127.0.0.1:8443\n"
                   "  pear up --preset prod --set site.shop.cages=per-core\n"},
      run_up);
  options.surroundings = &surroundings;
  add_serving_options(app, options.site);
  app.add_flag("--build", options.build, "Build components that are not there first");
  app.add_flag("--no-keeper", options.no_keeper,
               "One process, for debuggers and for containers that\nrestart it themselves");
}

void add_serve_command(Program& program, const Surroundings& surroundings) {
  auto [app, options] =
      add_command<ServeOptions>(program,
                                {.name = "serve",
                                 .summary = "The server process that pear up starts",
                                 .audience = CommandText::Audience::Machine},
                                run_serve);
  options.surroundings = &surroundings;
  add_serving_options(app, options.site);
}

}  // namespace pear::cli
