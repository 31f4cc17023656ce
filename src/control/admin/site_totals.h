// Sums over cores and cages, for what is shown of a site.
//
// Thread:  control thread; reads counters that the cores write.
#pragma once

#include <array>
#include <cstdint>

#include "base/histogram.h"
#include "control/supervisor/site_watch.h"
#include "model/cage_state.h"
#include "model/counters.h"

namespace pear::admin {

// The sum of one counter of a site over the cores.
template <typename Pick>
[[nodiscard]] std::uint64_t sum(const model::SiteMetrics& metrics, Pick pick) {
  std::uint64_t total = 0;
  for (const auto& counters : metrics.by_core) total += pick(*counters).value();
  return total;
}

[[nodiscard]] inline base::Histogram::Snapshot sum(const model::SiteMetrics& metrics,
                                                   base::Histogram model::SiteCounters::* which) {
  base::Histogram::Snapshot total;
  for (const auto& counters : metrics.by_core) (counters.get()->*which).add_to(total);
  return total;
}

// What the cages of a site come to, those that end included.
struct CageTotals {
  std::array<std::uint64_t, model::kCageStates.size()> in_state{};  // By model::CageState.
  std::uint64_t in_flight = 0;
  std::uint64_t instances = 0;
  std::uint64_t memory_bytes = 0;

  [[nodiscard]] std::uint64_t in(model::CageState state) const {
    return in_state[static_cast<std::size_t>(state)];
  }
};

// Calls `visit(const Cage&, const Place*)` for each cage of the site; the place is null for a cage
// that was told to end.
template <typename Visit>
void for_each_cage(const supervisor::SiteWatch& site, Visit visit) {
  for (const supervisor::Generation* generation : {&site.current(), site.staged()}) {
    if (generation == nullptr) continue;
    for (const auto& place : generation->places) {
      if (place->cage != nullptr) visit(*place->cage, place.get());
    }
  }
  for (const auto& cage : site.leaving()) {
    visit(*cage, static_cast<const supervisor::Place*>(nullptr));
  }
}

[[nodiscard]] inline CageTotals cage_totals(const supervisor::SiteWatch& site) {
  CageTotals totals;
  for_each_cage(site, [&](const supervisor::Cage& cage, const supervisor::Place*) {
    ++totals.in_state[static_cast<std::size_t>(cage.state)];
    totals.in_flight += cage.counters->in_flight.value();
    totals.instances += cage.counters->instances.value();
    totals.memory_bytes += cage.counters->memory_bytes.value();
  });
  return totals;
}

}  // namespace pear::admin
