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
#include <atomic>
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
#include "base/vital_signs.h"
#include "config/settings.h"
#include "control/admin/admin_server.h"
#include "control/admin/admin_source.h"
#include "control/admin/site_standing.h"
#include "control/image_loader.h"
#include "control/outbox.h"
#include "control/quarantined_sites.h"
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
    // Sites that are not served, because servers died of them.
    std::vector<base::QuarantinedSite> quarantine = {};
  };
  // All must outlive the loop.
  struct Parts {
    io::Reactor& reactor;
    std::vector<CoreLink> cores;  // At least one.
    ImageLoader& images;
    log::Logger& logger;
    WallTime (*wall_time)();  // For the log alone.
    // What others see of this thread, and which site's cages hold the most memory, of those of all
    // sites. Null: nobody looks.
    base::VitalSigns* signs = nullptr;
    std::atomic<base::SiteKey>* largest_site = nullptr;
    QuarantinedSites::Tell tell_quarantine = {};  // May be empty.
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
  // What the cores go by from now on, but for what only a new start can change (config/reload.h).
  void use(const std::shared_ptr<const config::ServerSettings>& settings);

  // Waits for something to do and does it.
  void turn();
  // The same without waiting: for tests.
  void turn_now();

  // Tells all cores to finish until `deadline`; on_drained is called from turn() when all have, or
  // kDrainGrace after the deadline. /readyz says 503 from now on. With how many exchanges were cut.
  void drain(MonotonicTime deadline, std::move_only_function<void(std::uint64_t cut)> on_drained);
  static constexpr std::chrono::seconds kDrainGrace{5};

  // How long the start waits for a site that compiles, or whose first cage starts.
  static constexpr std::chrono::seconds kStartMax{5};
  // Whether each site runs, was refused, has failed once, or has had kStartMax. Once true, it
  // stays.
  [[nodiscard]] bool start_is_over() const { return start_over_; }
  // Whether traffic may come: the start is over, some site is served, https is where it is wanted,
  // each core turns, and nothing drains. /readyz says the same.
  [[nodiscard]] bool ready() const;
  // The one truth of what is served and what is not.
  [[nodiscard]] std::vector<admin::SiteStanding> standings() const;

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

  // A site that grows by more from one look to the next is looked at more often.
  static constexpr std::uint64_t kGrowsFast = 16UL << 20U;

  // One apply(): images are loaded one after the other.
  struct Loading {
    MonotonicTime begun_at{};
    bool is_first = false;  // Of this process.
    std::shared_ptr<const config::Settings> settings;
    OnApplied on_applied;
    std::size_t decided = 0;                   // So many sites have their image, or were refused.
    std::vector<admin::SiteVerdict> verdicts;  // By site of the settings.
    std::vector<SiteId> ids;
    ApplyReport report;

    [[nodiscard]] bool complete() const { return decided == settings->sites.size(); }
  };

  // CommandSink and Journal, for the supervisor.
  void send(CoreId core, data::CoreCommand command) override;
  void placements_changed() override { table_changed_ = true; }
  void record(const log::Event& event, std::span<const log::Field> fields) override;

  void turn(io::Reactor::Wait wait);
  void work();
  std::size_t take_events();
  void on_event(CoreId core, const data::CoreEvent& event);
  void hear_cores();
  void on_tick(MonotonicTime now);
  void arm_tick(MonotonicTime now);
  void note_for_the_next();
  void publish();
  [[nodiscard]] bool first_image_may_come() const;
  [[nodiscard]] bool flush();
  void load_next(std::shared_ptr<Loading> loading);
  void load(std::shared_ptr<Loading> loading);
  void deploy_last(Loading& loading, LoadedImage image, std::string problem);
  void look_at_quarantined(std::shared_ptr<Loading> loading);
  void keep_out(Loading& loading);
  [[nodiscard]] std::vector<admin::WantedSite> wanted() const;
  [[nodiscard]] bool all_decided() const;
  [[nodiscard]] bool https_refused() const;
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
  base::VitalSigns unseen_;
  base::VitalSigns& signs_;
  std::atomic<base::SiteKey>* largest_site_;
  std::uint64_t largest_bytes_ = 0;

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
  bool applied_ = false;              // There was an apply().
  bool start_over_ = false;           // See start_is_over().
  QuarantinedSites quarantine_;
  bool published_ = false;  // The cores have a table.
  std::optional<MonotonicTime> drain_by_;
  std::set<CoreId> draining_;  // Cores that have not finished.
  std::uint64_t cut_ = 0;
  std::move_only_function<void(std::uint64_t)> on_drained_;

  io::Timer tick_ = io::Timer::calling<&ControlLoop::on_tick>(*this);
  std::unique_ptr<admin::AdminServer> admin_;
  Worker worker_;  // Last: its jobs refer to the rest.
};

}  // namespace pear::control
