// Placement: which core a new cage goes to.
//
// A cage goes to the core with the fewest cages of its own site, then with the fewest of all sites,
// then with the lowest number: so a site's cages lie on different cores, and many small sites do
// not crowd on the first one.
//
// Thread:  control thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"

namespace pear::supervisor {

// What a core carries.
struct CoreLoad {
  std::uint32_t of_site = 0;
  std::uint32_t of_all = 0;
};

// `loads` by core, at least one.
[[nodiscard]] CoreId choose_core(std::span<const CoreLoad> loads);

}  // namespace pear::supervisor
