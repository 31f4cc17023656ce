// FakeCores: cores for the supervisor's tests. They obey commands as real ones do, and check that
// no command is illegal for the cage that it is about.
//
// Thread:  one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "control/supervisor/command_sink.h"
#include "control/supervisor/supervisor.h"
#include "data/core_command.h"
#include "data/core_event.h"

namespace pear::supervisor {

// Whether each site has a cage that runs, and each core turns.
[[nodiscard]] inline bool all_run(const Supervisor& supervisor) {
  return supervisor.all_cores_turn() &&
         std::ranges::all_of(supervisor.sites(),
                             [](const auto& entry) { return entry.second->ready(); });
}

class FakeCores : public CommandSink, public Journal {
 public:
  struct FakeCage {
    CoreId core{};
    SiteId site{};
    model::CageState state = model::CageState::Initializing;
    std::uint64_t incarnation = 0;
    std::uint32_t credits = 0;
    std::uint64_t spawns = 0;
    bool answers = true;
    bool healthy = true;
    std::shared_ptr<model::CageCounters> counters;
  };
  struct Report {
    CoreId core{};
    data::CoreEvent event;
  };

  void send(CoreId core, data::CoreCommand command) override {
    std::visit([&](const auto& c) { apply(core, c); }, command);
  }
  void placements_changed() override { ++publications; }
  void record(const log::Event& event, std::span<const log::Field> fields) override {
    static_cast<void>(fields);
    ++lines[std::string(event.name)];
  }

  // ---- What a test makes happen.

  void start(CageId id) {
    FakeCage& cage = cages.at(id);
    move(cage, model::CageMove::Started);
    ++cage.incarnation;
    mirror(cage);
    report(cage, data::CageStarted{.cage = id, .incarnation = Incarnation{cage.incarnation}});
  }
  void fail_spawn(CageId id) {
    FakeCage& cage = cages.at(id);
    move(cage, model::CageMove::SpawnFailed);
    report(cage, data::SpawnFailed{.cage = id, .reason = "its start function trapped"});
  }
  void fault(CageId id) {
    FakeCage& cage = cages.at(id);
    move(cage, model::CageMove::Faulted);
    const bool recovers = cage.credits > 0;
    if (recovers) {
      --cage.credits;
      ++cage.incarnation;
      move(cage, model::CageMove::Recovered);
    }
    report(cage, data::CageFaulted{.cage = id,
                                   .incarnation = Incarnation{cage.incarnation},
                                   .kind = data::FaultKind::Trap,
                                   .recovered = recovers,
                                   .heal = std::chrono::microseconds(80),
                                   .reason = "unreachable"});
  }
  void end(CageId id) {
    FakeCage& cage = cages.at(id);
    move(cage, model::CageMove::Ended);
    report(cage, data::CageEnded{id});
  }
  // The loops of all cores but the hung ones turn.
  void turn(Supervisor& supervisor, std::uint16_t count, MonotonicTime now) {
    for (std::uint16_t core = 0; core < count; ++core) {
      if (!hung.contains(CoreId{core})) supervisor.on_core_heard(CoreId{core}, now);
    }
  }
  // Brings all reports to the supervisor, those that are made meanwhile too.
  void deliver(Supervisor& supervisor, MonotonicTime now) {
    learn_counters(supervisor);
    while (!reports.empty()) {
      const Report report = std::move(reports.front());
      reports.pop_front();
      supervisor.on_core_heard(report.core, now);
      supervisor.on_event(report.event, now);
      learn_counters(supervisor);
    }
  }
  // Forgets the cages that have ended.
  void prune() {
    std::erase_if(cages, [](const auto& entry) {
      return entry.second.state == model::CageState::Terminated;
    });
  }
  [[nodiscard]] std::vector<CageId> in_state(model::CageState state) const {
    std::vector<CageId> found;
    for (const auto& [id, cage] : cages) {
      if (cage.state == state) found.push_back(id);
    }
    return found;
  }
  void learn_counters(const Supervisor& supervisor) {
    if (std::exchange(learned, publications) == publications) return;
    for (const auto& [id, site] : supervisor.sites()) {
      for (const Generation* generation : {&site->current(), site->staged()}) {
        if (generation == nullptr) continue;
        for (const auto& place : generation->places) {
          if (place->cage == nullptr || !cages.contains(place->cage->id)) continue;
          FakeCage& cage = cages.at(place->cage->id);
          cage.counters = place->cage->counters;
          mirror(cage);
        }
      }
    }
  }

  std::map<CageId, FakeCage> cages;
  std::set<CoreId> hung;
  std::deque<Report> reports;
  std::map<std::string, int> lines;
  std::uint64_t publications = 0;
  std::uint64_t learned = 0;
  std::uint64_t grants = 0;
  std::uint64_t questions = 0;
  std::string asked_path;  // With the last of them.
  bool starts_at_once = false;

 private:
  void apply(CoreId core, const data::SpawnCage& spawn) {
    const auto [place, made] = cages.try_emplace(spawn.cage, FakeCage{.core = core});
    FakeCage& cage = place->second;
    cage.site = spawn.site;
    if (!made) move(cage, model::CageMove::Respawned);
    cage.credits = spawn.recover_credits;
    ++cage.spawns;
    if (starts_at_once) start(spawn.cage);
  }
  void apply(CoreId core, const data::GrantRecovery& grant) {
    FakeCage& cage = checked(core, grant.cage);
    cage.credits += grant.credits;
    grants += grant.credits;
    PEAR_ASSERT(cage.credits <= 2 * RecoveryCredits::kMeasure, "credits pile up");
  }
  void apply(CoreId core, const data::TerminateCage& terminate) {
    move(checked(core, terminate.cage), model::CageMove::TerminateAsked);
  }
  void apply(CoreId core, const data::CheckCage& check) {
    ++questions;
    asked_path = check.path;
    const FakeCage& cage = checked(core, check.cage);
    if (cage.answers && !hung.contains(core))
      report(cage,
             data::CageAlive{.cage = check.cage, .nonce = check.nonce, .healthy = cage.healthy});
  }
  void apply(CoreId, const data::PublishSites&) {}
  void apply(CoreId, const data::PublishCertificates&) {}
  void apply(CoreId, const data::ApplySettings&) {}
  void apply(CoreId, const data::DrainCore&) {}

  FakeCage& checked(CoreId core, CageId id) {
    FakeCage& cage = cages.at(id);
    PEAR_ASSERT(cage.core == core, "the command went to another core");
    return cage;
  }
  static void move(FakeCage& cage, model::CageMove by) {
    cage.state = model::moved(cage.state, by);
    mirror(cage);
  }
  static void mirror(const FakeCage& cage) {
    if (cage.counters == nullptr) return;
    cage.counters->state.store(cage.state, std::memory_order_relaxed);
    cage.counters->incarnation.store(cage.incarnation, std::memory_order_relaxed);
  }
  void report(const FakeCage& cage, data::CoreEvent event) {
    reports.push_back({.core = cage.core, .event = std::move(event)});
  }
};

}  // namespace pear::supervisor
