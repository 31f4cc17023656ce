#include "keeper/quarantine.h"

#include <algorithm>

namespace pear::keeper {

void Quarantine::adopt(std::span<const QuarantinedSite> left_out) {
  sites_.assign(left_out.begin(), left_out.begin() + static_cast<std::ptrdiff_t>(
                                                         std::min(left_out.size(), kSitesMax)));
}

bool Quarantine::on_death(base::SiteKey site, MonotonicTime now) {
  std::erase_if(deaths_, [&](const Death& death) { return now - death.at > options_.window; });
  if (deaths_.size() == kSitesMax) deaths_.erase(deaths_.begin());
  deaths_.push_back({.site = site, .at = now});
  const auto count = std::ranges::count(deaths_, site, &Death::site);
  if (static_cast<std::size_t>(count) < options_.deaths) return false;
  // From here on a further chance is a new one.
  std::erase_if(deaths_, [&](const Death& death) { return death.site == site; });
  const bool known = std::ranges::find(sites_, site, &QuarantinedSite::site) != sites_.end();
  if (known || sites_.size() == kSitesMax) return false;
  sites_.push_back({.site = site});
  return true;
}

}  // namespace pear::keeper
