// TurnTime: what time it is on a core: read once a turn, moved on by each slice of a guest.
//
// Thread: core-local.
#pragma once

#include "base/time.h"

namespace pear::data {

struct TurnTime {
  MonotonicTime now{};
  MonotonicTime turn{};  // The start of this turn,
  WallTime turn_wall{};  // and what the clock on the wall said then.

  [[nodiscard]] WallTime wall() const { return turn_wall + (now - turn); }
};

}  // namespace pear::data
