#include "keeper/restart_schedule.h"

#include <algorithm>

namespace pear::keeper {

std::chrono::milliseconds RestartSchedule::on_exit(std::chrono::nanoseconds served) {
  if (served >= options_.stable_after) attempt_ = 0;
  ++attempt_;
  if (attempt_ == 1) {
    next_delay_ = options_.delay_min;
    return std::chrono::milliseconds(0);
  }
  const auto delay = std::min(next_delay_, options_.delay_max);
  next_delay_ = std::min(delay * 2, options_.delay_max);
  return delay;
}

}  // namespace pear::keeper
