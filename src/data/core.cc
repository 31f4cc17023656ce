#include "data/core.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/cage/guest_run.h"

namespace pear::data {

namespace {

// Guests run for so long before the sockets get their turn, unless one slice takes longer.
constexpr std::chrono::microseconds kGuestTurn{200};
constexpr int kSlicesOfTurn = 64;
// A core whose run queue was not empty for so long gives new work to others.
constexpr std::chrono::milliseconds kBehind{1};
// How often it is told what memory is for.
constexpr std::chrono::milliseconds kMemoryPeriod{100};
// Requests that wait for a place look again this often: cages of other cores say nothing.
constexpr std::chrono::milliseconds kWaitingPeriod{5};

}  // namespace

Core::Core(const Parts& parts)
    : parts_(parts),
      signs_(parts.signs == nullptr ? unseen_ : *parts.signs),
      settings_(parts.settings),
      time_{
          .now = parts.reactor.now(), .turn = parts.reactor.now(), .turn_wall = parts.wall_time()},
      notices_({.times = parts.limits.notices, .logger = parts.logger, .time = time_}),
      admission_({.settings = settings_,
                  .limits = parts.limits,
                  .counters = parts.counters,
                  .notices = notices_,
                  .time = time_}),
      rates_({.settings = settings_,
              .limits = parts.limits,
              .counters = parts.counters,
              .notices = notices_,
              .time = time_}),
      memory_(settings_, parts.limits),
      chunks_(parts.id),
      cages_({.core = parts.id,
              .signs = signs_,
              .maker = parts.maker,
              .outlet = *this,
              .time = time_,
              .timers = parts.reactor.timers(),
              .chunks = chunks_,
              .blocks = blocks_,
              .response_buffer = settings_.http.response_buffer.count}),
      path_({.core = parts.id,
             .signs = signs_,
             .settings = settings_,
             .link = *this,
             .timers = parts.reactor.timers(),
             .chunks = chunks_,
             .blocks = blocks_,
             .logger = parts.logger,
             .rates = rates_,
             .notices = notices_,
             .memory = memory_,
             .memory_ended = parts.counters.memory_ended,
             .time = time_,
             .http3_port = parts.quic == nullptr || settings_.https.empty()
                               ? std::uint16_t{0}
                               : settings_.https.front().port}),
      connections_({.path = path_,
                    .reactor = parts.reactor,
                    .settings = settings_,
                    .counters = parts.counters,
                    .logger = parts.logger,
                    .notices = notices_,
                    .admission = admission_,
                    .core = parts.id,
                    .cores = static_cast<std::uint32_t>(parts.mesh.cores()),
                    .quic = parts.quic}),
      listener_({.handshakes = {.reactor = parts.reactor,
                                .connections = connections_,
                                .counters = parts.counters,
                                .timeout = settings_.tls.handshake_timeout,
                                .handshakes_max = settings_.http.connections_max},
                 .settings = settings_,
                 .admission = admission_,
                 .cores = parts.mesh.cores()}),
      datagrams_({.reactor = parts.reactor,
                  .connections = connections_,
                  .counters = parts.counters,
                  .core = parts.id,
                  .mesh = parts.datagram_mesh}) {
  if (parts_.datagram_mesh != nullptr) {
    parts_.datagram_mesh->attach(parts_.id, parts_.reactor.waker());
  }
  parts_.mesh.attach(parts_.id, parts_.reactor.waker());
}

Core::~Core() = default;

void Core::stop() {
  stopping_.store(true, std::memory_order_release);
  parts_.reactor.waker().wake();
}

bool Core::has_work() const {
  return cages_.has_runnable() || more_hops_ || more_datagrams_ || !held_.empty();
}

void Core::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    if (has_work()) {
      turn(io::Reactor::Wait::No);
      continue;
    }
    parts_.maker.rest();
    turn(io::Reactor::Wait::UntilEvent);
  }
  end();
}

// What is left is ended. The other cores do the same, and each goes on answering until nobody holds
// a run, an exchange or a chunk of another.
void Core::end() {
  listener_.finish();
  listener_.close_all();
  connections_.close_all();
  cages_.end_all();
  turn(io::Reactor::Wait::No);
  for (bool left = false; !parts_.mesh.all_left();) {
    if (!left && path_.exchanges_open() == 0 && held_.empty()) {
      left = true;
      parts_.mesh.leave();
    }
    turn(has_work() ? io::Reactor::Wait::No : io::Reactor::Wait::UntilEvent);
  }
  do {
    turn(io::Reactor::Wait::No);
  } while (more_hops_);
  parts_.maker.rest();
  signs_.rest();
}

void Core::turn(io::Reactor::Wait wait) {
  // A core that waits does not stand still.
  if (wait == io::Reactor::Wait::UntilEvent) signs_.rest();
  parts_.reactor.begin_turn(wait);
  signs_.begin_turn(parts_.reactor.now());
  time_ = {
      .now = parts_.reactor.now(), .turn = parts_.reactor.now(), .turn_wall = parts_.wall_time()};
  connections_.set_wall_time(time_.turn_wall);
  parts_.reactor.run_turn();
  parts_.commands.drain([this](CoreCommand&& command) { apply(command); });
  receive_hops();
  more_datagrams_ = datagrams_.receive_handed_over();
  connections_.take_requests();
  cages_.take_woken();
  path_.deliver_news();
  run_guests();
  if (path_.has_waiting()) {
    path_.serve_waiting();
    if (!waiting_.armed()) parts_.reactor.timers().arm(waiting_, time_.now + kWaitingPeriod);
  }
  path_.deliver_news();
  connections_.write();
  if (path_.settle_memory()) {
    path_.deliver_news();
    connections_.write();
  }
  send_held();
  listener_.make_room();
  if (draining_) finish_drain_if_over();
  parts_.logger.report_drops(time_.wall());
  parts_.counters.log_lines_dropped.set(parts_.logger.dropped());
  parts_.counters.turns.add();
  if (time_.turn - memory_reported_ >= kMemoryPeriod) report_memory();
}

void Core::report_memory() {
  memory_reported_ = time_.turn;
  const protocol::Connections::Memory connections = connections_.memory();
  const auto set = [&](model::MemoryKind kind, std::size_t bytes) {
    parts_.counters.memory_bytes[std::to_underlying(kind)].set(bytes);
  };
  set(model::MemoryKind::Bodies, chunks_.lent() * sizeof(BodyChunk));
  set(model::MemoryKind::Heads, blocks_.blocks_lent() * blocks_.block_bytes());
  set(model::MemoryKind::Connections, connections.buffers);
  set(model::MemoryKind::Http2, connections.http2);
  set(model::MemoryKind::Kept, chunks_.kept() * sizeof(BodyChunk) +
                                   blocks_.blocks_idle() * blocks_.block_bytes() +
                                   connections.kept);
  parts_.counters.client_bytes.set(memory_.bytes());
}

void Core::run_guests() {
  if (!cages_.has_runnable()) {
    behind_since_ = {};
    path_.set_core_is_behind(false);
    return;
  }
  parts_.maker.work();
  const MonotonicTime end = time_.now + kGuestTurn;
  for (int slices = 0; slices < kSlicesOfTurn && time_.now < end; ++slices) {
    if (!cages_.run_one()) break;
    path_.deliver_news();
  }
  if (!cages_.has_runnable()) {
    behind_since_ = {};
  } else if (behind_since_ == MonotonicTime{}) {
    behind_since_ = time_.turn;
  }
  path_.set_core_is_behind(behind_since_ != MonotonicTime{} && time_.now - behind_since_ > kBehind);
}

void Core::on_waiting(MonotonicTime /*now*/) {
  // The turn does the rest.
}

// ---- Between the cores.

void Core::to_cage(CoreId core, const HopRecord& record) {
  if (core == parts_.id) return cages_.apply(record);
  send(core, record);
}

void Core::to_exchange(const HopRecord& record) {
  const CoreId home = record.exchange->home;
  if (home == parts_.id) return path_.apply(record);
  send(home, record);
}

void Core::send(CoreId core, const HopRecord& record) {
  // Behind those that wait already, so that the order holds.
  HopRecord copy = record;
  if (held_.empty() && parts_.mesh.send(parts_.id, core, std::move(copy))) return;
  held_.push_back({.to = core, .record = record});
}

void Core::send_held() {
  while (!held_.empty()) {
    HopRecord copy = held_.front().record;
    if (!parts_.mesh.send(parts_.id, held_.front().to, std::move(copy))) return;
    held_.pop_front();
  }
}

void Core::receive_hops() {
  const auto drained = parts_.mesh.drain(
      parts_.id, [this](CoreId /*from*/, HopRecord&& record) { dispatch(record); });
  more_hops_ = drained.more;
}

void Core::dispatch(const HopRecord& record) {
  switch (record.kind) {
    case HopKind::Start:
    case HopKind::RequestChunk:
    case HopKind::RequestEnd:
    case HopKind::RequestCut:
    case HopKind::Abort:
    case HopKind::ResponseChunkReturn:
    case HopKind::Release:
      return cages_.apply(record);
    case HopKind::Accepted:
    case HopKind::Refused:
    case HopKind::ResponseInterim:
    case HopKind::ResponseHead:
    case HopKind::ResponseChunk:
    case HopKind::ResponseEnd:
    case HopKind::ResponseCut:
    case HopKind::RequestChunkReturn:
    case HopKind::Ended:
      return path_.apply(record);
  }
}

// ---- From and to control.

void Core::apply(CoreCommand& command) {
  std::visit(OnCommand{
                 [this](PublishSites& sites) { publish(sites); },
                 [this](PublishCertificates& certificates) { use(certificates); },
                 [this](const ApplySettings& apply) { use(*apply.settings); },
                 [this](SpawnCage& spawn) { cages_.spawn(spawn, path_.sites()); },
                 [this](GrantRecovery& grant) { cages_.grant(grant); },
                 [this](TerminateCage& terminate) { cages_.terminate(terminate); },
                 [this](CheckCage& check_cage) { check(check_cage); },
                 [this](DrainCore& drain) { begin_drain(drain.deadline); },
             },
             command);
}

void Core::publish(PublishSites& command) {
  path_.publish(std::move(command.sites));
  published_ = true;
  say_if_deaf(listener_.start());
  if (connections_.has_certificates()) say_if_deaf(datagrams_.start());
}

void Core::use(PublishCertificates& command) {
  connections_.use(command.contexts);
  say_if_deaf(listener_.use(std::move(command.contexts)));
  if (published_) say_if_deaf(datagrams_.start());
}

// Most is read where it is needed. What was made of the settings is made anew.
void Core::use(const config::ServerSettings& settings) {
  settings_ = settings;
  admission_.use_settings();
  cages_.set_response_buffer(settings_.http.response_buffer.count);
  connections_.use_settings();
  listener_.use_settings(settings_);
  parts_.logger.set(static_cast<log::Level>(settings_.log.level), settings_.log.access);
}

void Core::say_if_deaf(const Result<void>& listening) {
  if (listening) return;
  parts_.logger.event(time_.wall(),
                      {.level = log::Level::Error,
                       .name = "listen_failed",
                       .message = "a listening socket cannot be watched: no descriptors left"});
}

void Core::check(const CheckCage& command) {
  cage::Cage* const found = cages_.find(command.cage);
  if (found == nullptr) return;
  if (command.path.empty() || found->state() != model::CageState::Running) {
    return event(CageAlive{.cage = command.cage, .nonce = command.nonce});
  }
  HealthProbe::start(path_, *this, command, found->site(), found->place());
}

void Core::event(CoreEvent event) {
  switch (parts_.events.try_push(std::move(event))) {
    case base::PushResult::Full:
      parts_.counters.events_dropped.add();
      return;
    case base::PushResult::Queued:
      return;
    case base::PushResult::QueuedOnEmpty:
      return parts_.control.wake();
  }
}

void Core::guest_line(const model::Site& site, CageId cage, ExchangeId exchange,
                      cage::LogStream stream, std::string_view line) {
  const bool logged = parts_.logger.guest(
      time_.wall(),
      {.subject = {.site = site.settings.name,
                   .site_id = site.id,
                   .cage = cage,
                   .exchange = exchange == ExchangeId{} ? std::nullopt : std::optional(exchange)},
       .stream =
           stream == cage::LogStream::Stdout ? log::GuestStream::Stdout : log::GuestStream::Stderr,
       .text = line});
  if (!logged) site.metrics->by_core[std::to_underlying(parts_.id)]->log_lines_dropped.add();
}

// ---- Drain.

void Core::begin_drain(MonotonicTime deadline) {
  if (std::exchange(draining_, true)) return;
  connections_.drain();
  listener_.drain();
  parts_.reactor.timers().arm(drain_, deadline);
}

void Core::on_drain_deadline(MonotonicTime /*now*/) {
  cut_ += path_.cut_all();
  listener_.close_all();
  connections_.close_all();
}

void Core::finish_drain_if_over() {
  if (drained_ || !listener_.finished()) return;
  if (listener_.connections_open() != 0 || path_.exchanges_open() != 0) return;
  drained_ = true;
  drain_.cancel();
  event(CoreDrained{.core = parts_.id, .cut = cut_});
}

}  // namespace pear::data
