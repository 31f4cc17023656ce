// Supervisor: keeps every cage of every site alive, or says why it cannot.
//
// It is told what the cores report and what time it is, and answers with commands. It decides:
//  - a spawn that fails is repeated with backoff and in the end given up (restart_policy.h); a cage
//    that was given up is tried again by one probe a minute;
//  - a cage that crashed and had no credit to recover is respawned at once;
//  - a cage that gives no proof of life, or fails its health path, is replaced on its core by a new
//    one; a core of which no cage answers is reported;
//  - a new version of a site starts beside the old one and takes its place once it runs; where it
//    cannot be made the old one stays.
//
// Thread:  control thread.
// Memory:  some hundred bytes a cage.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "config/settings.h"
#include "control/supervisor/cage.h"
#include "control/supervisor/command_sink.h"
#include "control/supervisor/site_watch.h"
#include "data/core_event.h"

namespace pear::supervisor {

class Supervisor {
 public:
  // How often on_time() is to be called: the period of the recovery credits.
  static constexpr std::chrono::milliseconds kTurn = RecoveryCredits::kPeriod;

  struct Options {
    std::uint32_t cores = 1;
    // How long the requests of a cage that is replaced or removed may still run.
    std::chrono::milliseconds drain{30'000};
  };

  // Both must outlive the supervisor.
  Supervisor(Options options, CommandSink& commands, Journal& journal);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Brings the site to this version. Of a site that has cages the new ones are started first; where
  // only what the cages do not see has changed (routes, hosts, balance, checks, their number) the
  // running ones stay.
  void deploy(SiteId site, const Version& version, MonotonicTime now);
  // Replaces all the site's cages by new ones of the same version. False: there is no such site.
  [[nodiscard]] bool restart(SiteId site, MonotonicTime now);
  // Ends all its cages. The site is gone at once.
  void remove(SiteId site, MonotonicTime now);

  // Events about cages that are gone are ignored: they were under way.
  void on_event(const data::CoreEvent& event, MonotonicTime now);
  // The core's loop has turned since this was last said (its counter of turns), or it sent an
  // event.
  void on_core_heard(CoreId core, MonotonicTime now);
  // Does all that is due. To be called every kTurn; more often does no harm.
  void on_time(MonotonicTime now);

  // The sites that are to be served, by id, each with the version that its requests see and its
  // living cages. Changes are told through CommandSink::placements_changed.
  [[nodiscard]] const std::map<SiteId, std::unique_ptr<SiteWatch>>& sites() const { return sites_; }
  [[nodiscard]] bool all_cores_turn() const { return !hearing_.any_silent(); }
  [[nodiscard]] bool core_silent(CoreId core) const { return hearing_.silent(core); }

 private:
  void on_cage_event(const data::CoreEvent& event, CageId id, MonotonicTime now);

  Options options_;
  CommandSink& commands_;
  Journal& journal_;
  CageRegistry registry_;
  CoreHearing hearing_;
  std::map<SiteId, std::unique_ptr<SiteWatch>> sites_;
  std::vector<std::unique_ptr<SiteWatch>> leaving_;  // Removed sites whose cages still end.
  std::vector<MonotonicTime> heard_at_;              // By core.
  std::unique_ptr<bool[]> silent_;                   // By core.
};

}  // namespace pear::supervisor
