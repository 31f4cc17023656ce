#include "control/supervisor/cage.h"

#include "base/assert.h"

namespace pear::supervisor {

bool same_cages(const Version& running, const Version& wanted) {
  const config::SiteSettings& a = *running.settings;
  const config::SiteSettings& b = *wanted.settings;
  return running.digest == wanted.digest && a.limits == b.limits &&
         a.permissions == b.permissions && a.run == b.run;
}

std::unique_ptr<Cage> CageRegistry::make(CoreId core, SiteWatch& site, Place& place) {
  PEAR_ASSERT(static_cast<std::uint16_t>(core) < cores(), "a place is on one of the cores");
  auto cage = std::make_unique<Cage>();
  cage->id = CageId{++last_id_};
  cage->core = core;
  cage->site = &site;
  cage->place = &place;
  cage->counters = std::make_shared<model::CageCounters>();
  cages_.emplace(cage->id, cage.get());
  ++on_core_[static_cast<std::uint16_t>(core)];
  return cage;
}

void CageRegistry::forget(const Cage& cage) {
  const std::size_t erased = cages_.erase(cage.id);
  PEAR_ASSERT(erased == 1, "a cage is forgotten once");
  --on_core_[static_cast<std::uint16_t>(cage.core)];
}

Cage* CageRegistry::find(CageId id) const {
  const auto found = cages_.find(id);
  return found == cages_.end() ? nullptr : found->second;
}

}  // namespace pear::supervisor
