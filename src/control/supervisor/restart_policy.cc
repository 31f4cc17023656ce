#include "control/supervisor/restart_policy.h"

#include <algorithm>

#include "base/assert.h"

namespace pear::supervisor {

RestartPolicy::RestartPolicy(Options options) : options_(options) {
  PEAR_ASSERT(options.attempts >= 1, "would give up before the first attempt");
  PEAR_ASSERT(options.backoff_min > std::chrono::milliseconds::zero(),
              "would retry in a tight loop");
  PEAR_ASSERT(options.backoff_min <= options.backoff_max, "no delay fits");
}

Decision RestartPolicy::on_spawn_failed(MonotonicTime now) {
  failures_ = std::min(failures_ + 1, options_.attempts);
  if (failures_ >= options_.attempts) return GiveUp{};

  // Doubled in a loop that ends at the bound: a shift by many attempts would overflow.
  std::chrono::milliseconds delay = options_.backoff_min;
  for (std::uint32_t i = 1; i < failures_ && delay < options_.backoff_max; ++i) delay *= 2;
  return RetryAt{now + std::min(delay, options_.backoff_max)};
}

}  // namespace pear::supervisor
