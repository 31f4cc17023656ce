#include "control/quarantined_sites.h"

#include <algorithm>

namespace pear::control {

using base::QuarantinedSite;

QuarantinedSites::QuarantinedSites(std::vector<QuarantinedSite> sites, Tell tell)
    : sites_(std::move(sites)), tell_(std::move(tell)) {
  if (tell_) tell_(sites_);
}

std::vector<QuarantinedSite>::iterator QuarantinedSites::find(std::string_view site) {
  return std::ranges::find(sites_, base::site_key(site), &QuarantinedSite::site);
}

bool QuarantinedSites::holds(std::string_view site) const {
  return std::ranges::find(sites_, base::site_key(site), &QuarantinedSite::site) != sites_.end();
}

bool QuarantinedSites::still_holds(std::string_view site, std::uint64_t component) {
  const auto found = find(site);
  if (found == sites_.end()) return false;
  if (found->component != 0 && component != 0 && found->component != component) {
    lift(site);
    return false;
  }
  if (component != 0 && found->component != component) {
    found->component = component;
    if (tell_) tell_(sites_);
  }
  return true;
}

bool QuarantinedSites::lift(std::string_view site) {
  const auto found = find(site);
  if (found == sites_.end()) return false;
  sites_.erase(found);
  if (tell_) tell_(sites_);
  return true;
}

}  // namespace pear::control
