#include "control/supervisor/placement.h"

#include <algorithm>
#include <tuple>

#include "base/assert.h"

namespace pear::supervisor {

CoreId choose_core(std::span<const CoreLoad> loads) {
  PEAR_ASSERT(!loads.empty(), "a server has at least one core");
  // The first of equals is taken, and that is the one with the lowest number.
  const auto least = std::ranges::min_element(
      loads, {}, [](const CoreLoad& load) { return std::tuple(load.of_site, load.of_all); });
  return CoreId{static_cast<std::uint16_t>(least - loads.begin())};
}

}  // namespace pear::supervisor
