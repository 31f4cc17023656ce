// ControlLoop: the control plane: what the cores report goes in, what they shall do comes out.
//
//   ControlLoop control(options, parts);
//   control.apply(settings, {});
//   while (!stopping) control.turn();
//
// One turn: wait (for an event of a core, a request to the admin listener, a finished compilation,
// a timer), take all events, let the supervisor decide, publish the site table if it changed, and
// send the commands.
//
// Thread:  control thread; the ends of the queues that the cores do not have. Other threads reach
// it
//          only by the reactor's waker.
// Memory:  the latest settings and site table; what waits for a core is bounded (outbox.h).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/log/logger.h"
#include "base/spsc_ring.h"
#include "base/time.h"
#include "config/settings.h"
#include "control/admin/admin_server.h"
#include "control/admin/admin_source.h"
#include "control/image_loader.h"
#include "control/outbox.h"
#include "control/site_table_builder.h"
#include "control/supervisor/supervisor.h"
#include "control/worker.h"
#include "data/core_command.h"
#include "data/core_event.h"
#include "io/reactor.h"
#include "io/timer_wheel.h"

namespace pear::control {

// The two queues between control and one core; by CoreId.
struct CoreLink {
  base::SpscRing<data::CoreCommand>& commands;
  base::SpscRing<data::CoreEvent>& events;
  io::Waker& core_waker;  // Of the core's reactor. The core wakes the control reactor's.
  model::CoreCounters& counters;
};

// What became of an apply().
struct ApplyReport {
  struct Refused {
    std::string site;
    std::string reason;
  };
  std::vector<Refused> refused;  // These keep their old version, if they had one.
  bool superseded = false;       // A later apply() came: the sites not reached are left to it.
};

class ControlLoop final : public admin::AdminSource,
                          private supervisor::CommandSink,
                          private supervisor::Journal {
 public:
  using OnApplied = std::move_only_function<void(const ApplyReport&)>;

  struct Options {
    std::string version;                      // Of Pear, for status and metrics.
    std::chrono::milliseconds drain{30'000};  // For requests of cages that are replaced.
  };
  // All must outlive the loop.
  struct Parts {
    io::Reactor& reactor;
    std::vector<CoreLink> cores;  // At least one.
    ImageLoader& images;
    log::Logger& logger;
    WallTime (*wall_time)();  // For the log alone.
  };

  ControlLoop(Options options, Parts parts);
  ~ControlLoop() override;
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;
  ControlLoop(ControlLoop&&) = delete;
  ControlLoop& operator=(ControlLoop&&) = delete;

  // Serves the admin resources on `listener`. `host`: of its address in the settings. Errors:
  // OsError.
  [[nodiscard]] Result<void> serve_admin(io::UniqueFd listener, std::string host);
  // Where the admin listener listens; nothing when there is none.
  [[nodiscard]] std::optional<io::SocketAddress> admin_address() const;

  // Brings all sites to these settings; checked before (config/problems.h). Images are loaded on
  // the worker; a site whose image is there starts its new cages, and only when these run the old
  // ones end. Sites that are not wanted any more end after the last image. `on_applied` (may be
  // empty) is called from turn() when the images are loaded: with what could not be.
  void apply(std::shared_ptr<const config::Settings> settings, OnApplied on_applied);

  // Certificates for all cores, from the next handshake on. Before the first apply(), they are
  // there before anything is served.
  void use(std::shared_ptr<const io::tls::ServerContexts> contexts);

  // Waits for something to do and does it.
  void turn();
  // The same without waiting: for tests.
  void turn_now();

  // Tells all cores to finish until `deadline`; on_drained is called from turn() when all have, or
  // kDrainGrace after the deadline. /readyz says 503 from now on. With how many exchanges were cut.
  void drain(MonotonicTime deadline, std::move_only_function<void(std::uint64_t cut)> on_drained);
  static constexpr std::chrono::seconds kDrainGrace{5};

  // Whether all sites can be served. Follows /readyz.
  [[nodiscard]] bool ready() const;

  // ---- AdminSource.
  [[nodiscard]] admin::AdminView view() const override;
  [[nodiscard]] bool restart_site(std::string_view name) override;

 private:
  // While something happens the supervisor is called every Supervisor::kTurn, else at this rate.
  static constexpr std::chrono::milliseconds kCalmTurn{500};
  static constexpr std::chrono::seconds kCalmAfter{2};
  // The first table waits so long for the first image: one that is compiled already is there in no
  // time, and nobody need hear that a restarted server is not ready.
  static constexpr std::chrono::milliseconds kFirstImage{250};
  // Events taken from one core before the others have their turn.
  static constexpr std::size_t kEventsMax = 1'024;

  struct Loading;

  // CommandSink and Journal, for the supervisor.
  void send(CoreId core, data::CoreCommand command) override;
  void placements_changed() override { table_changed_ = true; }
  void record(const log::Event& event, std::span<const log::Field> fields) override;

  void work();
  std::size_t take_events();
  void on_event(CoreId core, const data::CoreEvent& event);
  void hear_cores();
  void on_tick(MonotonicTime now);
  void arm_tick(MonotonicTime now);
  void publish();
  [[nodiscard]] bool first_image_may_come() const;
  [[nodiscard]] bool flush();
  void load_next(std::shared_ptr<Loading> loading);
  void deploy_next(Loading& loading, std::expected<LoadedImage, std::string> image);
  void finish_loading(Loading& loading);
  void on_drained(CoreId core, std::uint64_t cut);
  void finish_drain();

  Options options_;
  io::Reactor& reactor_;
  std::vector<CoreLink> cores_;
  ImageLoader& images_;
  log::Logger& logger_;
  WallTime (*wall_time_)();

  MonotonicTime started_at_;
  MonotonicTime busy_at_;             // When something last happened.
  std::vector<std::uint64_t> turns_;  // Of each core's loop, when last looked at.
  std::vector<const model::CoreCounters*> counters_;
  std::vector<Outbox> outboxes_;
  SiteTableBuilder tables_;
  supervisor::Supervisor supervisor_;
  std::shared_ptr<const io::tls::ServerContexts> certificates_;  // Null until there are any.
  bool table_changed_ = false;
  bool flushed_ = true;

  std::shared_ptr<Loading> loading_;  // Of the latest apply(): only that is carried out.
  bool settled_ = false;              // There was an apply() whose images are all loaded.
  bool published_ = false;            // The cores have a table.
  std::optional<MonotonicTime> drain_by_;
  std::set<CoreId> draining_;  // Cores that have not finished.
  std::uint64_t cut_ = 0;
  std::move_only_function<void(std::uint64_t)> on_drained_;

  io::Timer tick_ = io::Timer::calling<&ControlLoop::on_tick>(*this);
  std::unique_ptr<admin::AdminServer> admin_;
  Worker worker_;  // Last: its jobs refer to the rest.
};

}  // namespace pear::control
