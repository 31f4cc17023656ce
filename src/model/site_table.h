// SiteTable: the sites, their routes and their cages, as the request path sees them.
//
// Built by control, published whole to every core, never written to afterwards.
//
// Thread: any (immutable), as shared_ptr<const SiteTable>.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/vital_signs.h"
#include "config/settings.h"
#include "model/counters.h"
#include "model/route_table.h"

namespace pear::model {

// One cage of a site: which core runs it and how much of the site's traffic it should get.
struct CagePlace {
  CageId cage{};
  CoreId core{};
  std::uint32_t weight = 1;
  std::shared_ptr<CageCounters> counters;  // Never null; written by the core alone.
};

struct Site {
  SiteId id{};
  base::SiteKey key{};  // Of its name.
  config::SiteSettings settings;
  std::shared_ptr<SiteMetrics> metrics;  // Never null; each part written by one core.
  std::vector<CagePlace> cages;
  // Its first image is still being made: there are no cages yet, and requests may wait for them.
  bool awaits_image = false;

  // Of a route that matched. The routes of the settings are those in force, also while an update
  // is staged; null for an index that none of them has.
  [[nodiscard]] const config::RouteSettings* route(std::uint32_t index) const {
    return index < settings.routes.size() ? &settings.routes[index] : nullptr;
  }
};

struct SiteTable {
  std::uint64_t generation = 0;                    // Counts publications.
  std::vector<std::shared_ptr<const Site>> sites;  // By SiteId; null where a site is gone.
  RouteTable routes;
};

}  // namespace pear::model
