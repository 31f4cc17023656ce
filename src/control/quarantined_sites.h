// QuarantinedSites: the sites that this server leaves out because former ones died of them.
//
// The keeper decides who comes in (keeper/quarantine.h). Who comes out is decided here: by an
// operator's word, or because the component has changed.
//
// Thread:  control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/vital_signs.h"

namespace pear::control {

class QuarantinedSites {
 public:
  // Told of each change, and once at the start: it is written down for the keeper.
  using Tell = std::function<void(std::span<const base::QuarantinedSite>)>;

  QuarantinedSites(std::vector<base::QuarantinedSite> sites, Tell tell);

  [[nodiscard]] bool holds(std::string_view site) const;
  // The site's component as it is now; 0: it cannot be read. Whether the site is still left out:
  // not when it is known that servers died of another component.
  [[nodiscard]] bool still_holds(std::string_view site, std::uint64_t component);
  // False: it was not left out.
  bool lift(std::string_view site);

 private:
  [[nodiscard]] std::vector<base::QuarantinedSite>::iterator find(std::string_view site);

  std::vector<base::QuarantinedSite> sites_;
  Tell tell_;  // May be empty.
};

}  // namespace pear::control
