// SiteTableBuilder: makes the table that the cores route and place by, of what the supervisor
// keeps.
//
// Thread:  control thread.
// Memory:  the metrics of each site that there ever was, kept for as long as the process lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "config/settings.h"
#include "control/supervisor/supervisor.h"
#include "model/counters.h"
#include "model/site_table.h"

namespace pear::control {

class SiteTableBuilder {
 public:
  explicit SiteTableBuilder(std::uint32_t cores) : cores_(cores) {}

  // The id of the site of this name: always the same one, also after the site was gone.
  [[nodiscard]] SiteId id_of(std::string_view name);
  // Nothing when there never was a site of this name.
  [[nodiscard]] const SiteId* find(std::string_view name) const;

  // The sites that the settings want. Those that the supervisor does not know yet are in the table
  // all the same, without cages, so that their requests hear 503 and not 404.
  struct WantedSites {
    std::span<const config::SiteSettings> sites;
    std::size_t decided = 0;  // The images of so many of them were loaded, or refused.
  };
  // Routes that conflict are told in `conflicts`; the site that was there first keeps the route.
  [[nodiscard]] std::shared_ptr<const model::SiteTable> build(
      const supervisor::Supervisor& supervisor, const WantedSites& wanted,
      std::vector<model::RouteTable::Conflict>* conflicts);

  // By SiteId.
  [[nodiscard]] std::span<const std::shared_ptr<model::SiteMetrics>> metrics() const {
    return metrics_;
  }

 private:
  [[nodiscard]] std::shared_ptr<model::Site> make_site(SiteId id,
                                                       const config::SiteSettings& settings) const;

  std::uint32_t cores_;
  std::uint64_t generation_ = 0;
  std::map<std::string, SiteId, std::less<>> ids_;
  std::vector<std::shared_ptr<model::SiteMetrics>> metrics_;
};

}  // namespace pear::control
