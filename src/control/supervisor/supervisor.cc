#include "control/supervisor/supervisor.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace pear::supervisor {
namespace {

template <typename... Cases>
struct OnEvent : Cases... {
  using Cases::operator()...;
};

}  // namespace

Supervisor::Supervisor(Options options, CommandSink& commands, Journal& journal)
    : options_(options),
      commands_(commands),
      journal_(journal),
      registry_(options.cores),
      hearing_(options.cores) {
  PEAR_ASSERT(options.cores >= 1, "cages need a core to live on");
}

Supervisor::~Supervisor() = default;

void Supervisor::deploy(SiteId site, const Version& version, MonotonicTime now) {
  PEAR_ASSERT(version.settings != nullptr, "a version has settings");
  const auto found = sites_.find(site);
  if (found != sites_.end()) {
    found->second->deploy(version, now);
    return;
  }
  const Surroundings surroundings{.commands = commands_,
                                  .journal = journal_,
                                  .registry = registry_,
                                  .hearing = hearing_,
                                  .drain = options_.drain};
  sites_.emplace(site, std::make_unique<SiteWatch>(site, version, surroundings, now));
  commands_.placements_changed();
}

bool Supervisor::restart(SiteId site, MonotonicTime now) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return false;
  found->second->restart(now);
  return true;
}

void Supervisor::remove(SiteId site, MonotonicTime now) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return;
  std::unique_ptr<SiteWatch> watch = std::move(found->second);
  sites_.erase(found);
  commands_.placements_changed();
  watch->end(now);
  leaving_.push_back(std::move(watch));
}

void Supervisor::on_event(const data::CoreEvent& event, MonotonicTime now) {
  const auto with_cage = [&](CageId id, const auto& act) {
    if (Cage* const cage = registry_.find(id)) act(*cage->site, *cage);
  };
  std::visit(
      OnEvent{
          [&](const data::CageStarted& e) {
            with_cage(e.cage, [&](auto& site, auto& cage) { site.on_started(cage, e, now); });
          },
          [&](const data::SpawnFailed& e) {
            with_cage(e.cage,
                      [&](auto& site, auto& cage) { site.on_spawn_failed(cage, e.reason, now); });
          },
          [&](const data::CageFaulted& e) {
            with_cage(e.cage, [&](auto& site, auto& cage) { site.on_faulted(cage, e, now); });
          },
          [&](const data::CageAlive& e) {
            with_cage(e.cage, [&](auto& site, auto& cage) { site.on_alive(cage, e, now); });
          },
          [&](const data::CageEnded& e) {
            with_cage(e.cage, [](auto& site, auto& cage) { site.on_ended(cage); });
          },
          [](const data::CoreDrained&) {},  // The control loop's.
      },
      event);
}

void Supervisor::on_core_heard(CoreId core, MonotonicTime now) {
  if (!hearing_.on_heard(core, now)) return;
  const std::array fields{
      log::Field{"silent_core", std::uint64_t{static_cast<std::uint16_t>(core)}}};
  journal_.record({.level = log::Level::Info, .name = "core_answers"}, fields);
}

void Supervisor::on_time(MonotonicTime now) {
  for (const auto& [id, site] : sites_) site->on_time(now);
  for (const auto& site : leaving_) site->on_time(now);
  std::erase_if(leaving_, [](const auto& site) { return site->over(); });
}

}  // namespace pear::supervisor
