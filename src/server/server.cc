#include "server/server.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

#include "base/log/log_writer.h"
#include "control/certificates.h"
#include "control/control_loop.h"
#include "engine/engine.h"
#include "engine/image_cache.h"
#include "engine/reaper.h"
#include "engine/ticker.h"
#include "io/clock.h"
#include "io/descriptor_limit.h"
#include "io/signals.h"
#include "io/socket.h"
#include "io/udp_socket.h"
#include "keeper/crash_report.h"
#include "keeper/exit_code.h"
#include "keeper/inheritance.h"
#include "server/core_thread.h"
#include "server/engine_options.h"
#include "server/image_source.h"
#include "server/start_words.h"

namespace pear::server {
namespace {

using keeper::ExitCode;
using keeper::to_int;

constexpr std::array kSignals{SIGTERM, SIGINT, SIGHUP};
constexpr std::string_view kNoDescriptors = "no file descriptors left: raise the limit (ulimit -n)";
constexpr std::size_t kHops = 4096;             // Records on their way from one core to another.
constexpr std::size_t kHandedDatagrams = 1024;  // The same for datagrams.

security::KeyedHash::Key random_key() {
  std::random_device random;  // The system's.
  const auto word = [&] { return std::uint64_t{random()} << 32U | random(); };
  return {word(), word()};
}

class Server final : private io::SignalListener {
 public:
  Server(StartOptions options, log::LogWriter& log);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  Server(Server&&) = delete;
  Server& operator=(Server&&) = delete;

  [[nodiscard]] int run();

 private:
  [[nodiscard]] bool build();
  [[nodiscard]] bool build_cores();
  [[nodiscard]] bool listen();
  [[nodiscard]] bool take_udp_sockets();
  [[nodiscard]] std::vector<io::UniqueFd> one_for_each_core(const std::vector<int>& fds) const;
  bool refuse_socket(std::string_view why);
  void serve_admin();
  void apply(std::shared_ptr<const config::Settings> settings);
  void on_applied(const control::ApplyReport& report);
  void reload();
  void tell_ready_when_it_is();
  void on_signal(int signal) override;
  void stop_threads();
  void say(log::Level level, std::string_view name, std::string_view message);

  StartOptions options_;
  const config::ServerSettings&
      settings_;  // Of the start: in force for what a reload cannot change.
  keeper::Vitals& vitals_;
  const keeper::WatchedThread watched_{vitals_.threads[keeper::Vitals::kControl]};
  log::LogWriter& log_;
  log::Logger logger_;
  log::Logger worker_logger_;
  int exit_code_ = to_int(ExitCode::Ok);
  bool stopping_ = false;  // Asked to.
  bool over_ = false;
  bool applied_ = false;  // The first settings are loaded.

  std::shared_ptr<const engine::Engine> engine_;
  std::unique_ptr<engine::ImageCache> cache_;
  std::unique_ptr<ImageSource> images_;
  std::unique_ptr<engine::Ticker> ticker_;
  engine::InstanceCount instances_;
  engine::Reaper reaper_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<data::HopMesh> mesh_;
  std::unique_ptr<security::SharedLimits> limits_;
  std::unique_ptr<data::listener::DatagramMesh> datagram_mesh_;  // Null without HTTP/3.
  io::tls::QuicSecrets quic_;
  std::vector<std::unique_ptr<CoreThread>> cores_;
  std::unique_ptr<control::ControlLoop> control_;
  std::unique_ptr<control::Worker> certificate_reader_;  // Not behind compilations.
  std::unique_ptr<control::Certificates> certificates_;
  std::unique_ptr<io::SignalWatcher> signals_;
};

Server::Server(StartOptions options, log::LogWriter& log)
    : options_(std::move(options)),
      settings_(options_.settings->server),
      vitals_(*options_.vitals),
      log_(log),
      logger_(log.add_channel(settings_.log.buffer.count),
              {.level = static_cast<log::Level>(settings_.log.level)}),
      worker_logger_(log.add_channel(settings_.log.buffer.count),
                     {.level = static_cast<log::Level>(settings_.log.level)}),
      instances_(settings_.instances_max),
      quic_(options_.secret) {}

Server::~Server() {
  stop_threads();
}

void Server::say(log::Level level, std::string_view name, std::string_view message) {
  logger_.event(io::wall_time(), {.level = level, .name = name, .message = message});
}

bool Server::build() {
  auto engine = engine::Engine::make(engine_options(*options_.settings));
  if (!engine) {
    say(log::Level::Error, "engine_failed", engine.error());
    return false;
  }
  engine_ = *std::move(engine);
  if (!engine_->pooling()) {
    say(log::Level::Warning, "engine_without_pool", engine_->pooling_problem());
  }
  cache_ = std::make_unique<engine::ImageCache>(
      engine_, options_.cache.empty() ? options_.cache : options_.cache / "images");
  images_ = std::make_unique<ImageSource>(
      ImageSource::Parts{.cache = *cache_,
                         .logger = worker_logger_,
                         .signs = vitals_.threads[keeper::Vitals::kCompiler],
                         .last = *options_.last_images});
  ticker_ = std::make_unique<engine::Ticker>(engine_);
  auto reactor = io::Reactor::open();
  if (!reactor) {
    say(log::Level::Error, "start_failed", kNoDescriptors);
    return false;
  }
  reactor_ = *std::move(reactor);
  if (!build_cores()) return false;
  std::vector<control::CoreLink> links;
  for (const auto& core : cores_) links.push_back(core->link());
  control_ = std::make_unique<control::ControlLoop>(
      control::ControlLoop::Options{.version = options_.version,
                                    .drain = settings_.drain,
                                    .quarantine = options_.history.quarantine},
      control::ControlLoop::Parts{
          .reactor = *reactor_,
          .cores = std::move(links),
          .images = *images_,
          .logger = logger_,
          .wall_time = &io::wall_time,
          .signs = &vitals_.threads[keeper::Vitals::kControl],
          .largest_site = &vitals_.largest_site,
          .tell_quarantine = [this](const auto& sites) { vitals_.tell_quarantine(sites); }});
  certificate_reader_ = std::make_unique<control::Worker>(reactor_->waker());
  certificates_ = std::make_unique<control::Certificates>(control::Certificates::Parts{
      .reactor = *reactor_,
      .worker = *certificate_reader_,
      .logger = logger_,
      .wall_time = &io::wall_time,
      .tickets = options_.tickets,
      .strikes = options_.strikes,
      .publish = [this](const auto& contexts) { control_->use(contexts); }});
  auto signals = io::SignalWatcher::open(*reactor_, kSignals, *this);
  if (!signals) return false;
  signals_ = *std::move(signals);
  return true;
}

bool Server::build_cores() {
  const std::uint32_t count = std::max<std::uint32_t>(settings_.cores, 1);
  mesh_ = std::make_unique<data::HopMesh>(count, kHops);
  limits_ = std::make_unique<security::SharedLimits>(settings_, random_key());
  const std::size_t descriptors = io::raise_descriptor_limit();
  const std::size_t room = io::descriptors_for_connections(descriptors, count);
  if (room < limits_->total.max()) {
    say(log::Level::Warning, "connections_bounded",
        fmt::format("at most {} connections can be open, not http.connections_max ({}), as {} file "
                    "descriptors are allowed: raise the limit (ulimit -n, LimitNOFILE=)",
                    room, limits_->total.max(), descriptors));
    limits_->total.bound(room);
  }
  const bool quic = !options_.udp_fds_by_address.empty();
  if (quic && count > 1) {
    datagram_mesh_ = std::make_unique<data::listener::DatagramMesh>(count, kHandedDatagrams);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    auto core = CoreThread::make(
        {.id = CoreId{static_cast<std::uint16_t>(i)},
         .settings = settings_,
         .signs = vitals_.threads[keeper::Vitals::kFirstCore + i],
         .log = log_,
         .guests = {.instances = instances_, .ticker = *ticker_, .reaper = reaper_},
         .mesh = *mesh_,
         .limits = *limits_,
         .control = reactor_->waker(),
         .quic = quic ? &quic_ : nullptr,
         .datagram_mesh = datagram_mesh_.get()});
    if (!core) {
      say(log::Level::Error, "start_failed", kNoDescriptors);
      return false;
    }
    cores_.push_back(*std::move(core));
  }
  return true;
}

// Each socket goes to one core; one that is alone at its address goes to all of them, each with a
// descriptor of its own.
std::vector<io::UniqueFd> Server::one_for_each_core(const std::vector<int>& fds) const {
  std::vector<io::UniqueFd> owned;
  for (const int fd : fds) owned.emplace_back(fd);
  while (owned.size() < cores_.size() && !owned.empty()) {
    owned.emplace_back(::dup(owned.front().get()));
  }
  return owned;
}

bool Server::refuse_socket(std::string_view why) {
  say(log::Level::Error, "listen_failed", why);
  exit_code_ = to_int(ExitCode::CannotListen);
  return false;
}

bool Server::listen() {
  for (std::size_t address = 0; address < options_.fds_by_address.size(); ++address) {
    const auto security = address < settings_.listen.size() ? data::listener::Security::Plain
                                                            : data::listener::Security::Tls;
    std::vector<io::UniqueFd> sockets = one_for_each_core(options_.fds_by_address[address]);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      auto socket = io::adopt_listener(std::move(sockets[i]));
      if (!socket) return refuse_socket("a socket that was handed over does not listen");
      cores_[i % cores_.size()]->core().listen(*std::move(socket), security);
    }
  }
  return true;
}

// Socket i of an address receives what belongs to core i (io/datagram_steering.h), as far as there
// are as many sockets as cores.
bool Server::take_udp_sockets() {
  for (const std::vector<int>& fds : options_.udp_fds_by_address) {
    std::vector<io::UniqueFd> sockets = one_for_each_core(fds);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      auto socket = io::UdpSocket::adopt(std::move(sockets[i]));
      if (!socket) return refuse_socket("a UDP socket that was handed over is none");
      cores_[i % cores_.size()]->core().listen(*std::move(socket));
    }
  }
  return true;
}

// The server goes on without it: another Pear on this machine may have the port.
void Server::serve_admin() {
  if (!settings_.admin) return;
  const config::ListenAddress& admin = *settings_.admin;
  const std::string name = fmt::format("{}:{}", admin.host, admin.port);
  const auto refuse = [&](std::string_view why) {
    say(log::Level::Warning, "admin_unavailable",
        fmt::format("cannot listen on {} for status and metrics: {}; set server.admin to another "
                    "address",
                    name, why));
  };
  const auto address = io::SocketAddress::parse(admin.host, admin.port);
  if (!address) return refuse("that is no address");
  auto listener = io::open_listener(*address, {});
  if (!listener) {
    return refuse(std::error_code(listener.error().os_errno, std::generic_category()).message());
  }
  if (!address->is_loopback()) {
    say(log::Level::Warning, "admin_exposed",
        fmt::format("{} can be reached from other machines: status and metrics are readable there",
                    name));
  }
  const auto served = control_->serve_admin(*std::move(listener), admin.host);
  if (!served) refuse("no file descriptors left");
}

void Server::apply(std::shared_ptr<const config::Settings> settings) {
  certificates_->apply(*settings);
  control_->apply(std::move(settings),
                  [this](const control::ApplyReport& report) { on_applied(report); });
}

void Server::on_applied(const control::ApplyReport& report) {
  const bool first = !std::exchange(applied_, true);
  for (const auto& refused : report.refused) {
    say(log::Level::Error, "site_refused",
        fmt::format("site \"{}\" is not served: {}", refused.site, refused.reason));
  }
  // At the very start somebody waits for an answer. Later the old versions go on, and a server that
  // takes the place of one that died stays, for the component that will be right again.
  if (first && options_.ready_fd >= 0 && options_.history.start <= 1 && !report.refused.empty() &&
      report.refused.size() == options_.settings->sites.size()) {
    exit_code_ = to_int(ExitCode::BadImage);
    over_ = true;
  }
}

void Server::reload() {
  const config::LoadResult loaded = options_.reload();
  for (const config::Problem& problem : loaded.warnings) {
    say(log::Level::Warning, "configuration_warning", config::to_text(problem));
  }
  if (loaded.settings == nullptr) {
    for (const config::Problem& problem : loaded.problems) {
      say(log::Level::Error, "configuration_problem", config::to_text(problem));
    }
    return say(log::Level::Error, "reload_refused",
               "the configuration has problems: the old one stays in force");
  }
  const config::ServerSettings& wanted = loaded.settings->server;
  for (log::Logger* const logger : {&logger_, &worker_logger_}) {
    logger->set(static_cast<log::Level>(wanted.log.level), wanted.log.access);
  }
  say(log::Level::Info, "reload", "the configuration was read again");
  // Shares the settings' lifetime, without a copy.
  control_->use(std::shared_ptr<const config::ServerSettings>(loaded.settings, &wanted));
  apply(loaded.settings);
}

void Server::tell_ready_when_it_is() {
  if (options_.ready_fd < 0 || over_ || !control_->start_is_over()) return;
  const io::UniqueFd ready(std::exchange(options_.ready_fd, -1));
  const std::vector<admin::SiteStanding> sites = control_->standings();
  const std::string word = ready_word(sites);
  const auto written = ::write(ready.get(), word.data(), word.size());
  static_cast<void>(written);  // Who does not wait any more need not be told.
  const bool all = std::ranges::all_of(sites, &admin::SiteStanding::served);
  say(all ? log::Level::Info : log::Level::Warning, "serving", admin::served_text(sites));
}

void Server::on_signal(int signal) {
  if (signal == SIGHUP) return reload();
  if (std::exchange(stopping_, true)) {
    if (options_.has_keeper) return;
    say(log::Level::Warning, "stopped_at_once", "a second signal: requests are cut");
    exit_code_ = keeper::exit_code_of_signal(signal);
    over_ = true;
    return;
  }
  say(log::Level::Info, "draining", "requests that run are finished, no new ones are taken");
  control_->drain(reactor_->now() + settings_.drain, [this](std::uint64_t cut) {
    say(log::Level::Info, "drained", fmt::format("{} requests were cut", cut));
    over_ = true;
  });
}

void Server::stop_threads() {
  for (const auto& core : cores_) core->stop();
  for (const auto& core : cores_) core->join();
}

int Server::run() {
  if (!build() || !listen() || !take_udp_sockets()) {
    return exit_code_ == to_int(ExitCode::Ok) ? to_int(ExitCode::Failure) : exit_code_;
  }
  serve_admin();
  say_what_was_blamed(logger_, *options_.settings, options_.history.blamed);
  apply(options_.settings);
  for (const auto& core : cores_) core->start();
  while (!over_) {
    control_->turn();
    certificate_reader_->collect();
    tell_ready_when_it_is();
    logger_.report_drops(io::wall_time());
  }
  vitals_.threads[keeper::Vitals::kControl].rest();  // It waits for the others.
  stop_threads();
  return exit_code_;
}

}  // namespace

int run(StartOptions options) {
  // Before any thread starts, and before the engine, whose own handlers pass on what is not theirs.
  if (!io::block_signals(kSignals)) return to_int(ExitCode::Failure);
  options.vitals->begin(options.history.start,
                        std::max<std::uint32_t>(options.settings->server.cores, 1));
  keeper::CrashReport::install(options.vitals);
  auto log = log::LogWriter::open({});
  if (!log) return to_int(ExitCode::Failure);
  std::jthread writer([&] { (*log)->run(); });
  int exit_code = 0;
  {
    Server server(std::move(options), **log);
    exit_code = server.run();
  }
  (*log)->stop();
  return exit_code;
}

}  // namespace pear::server
