#include "load/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/assert.h"

namespace pear::load {

using std::chrono::nanoseconds;

namespace {

// long double has 64 bits of mantissa here: a run of years keeps its nanoseconds.
constexpr long double kNanosPerSecond = 1e9L;

}  // namespace

Schedule Schedule::as_fast_as_possible() {
  return Schedule{};
}

Schedule Schedule::at_rate(double rate_per_s) {
  PEAR_ASSERT(rate_per_s > 0, "the plan is checked before a schedule is made");
  Schedule schedule;
  schedule.kind_ = Kind::Rate;
  schedule.rate_per_s_ = rate_per_s;
  return schedule;
}

Schedule Schedule::at_times(std::vector<nanoseconds> times) {
  PEAR_ASSERT(std::ranges::is_sorted(times), "a request can only be due after the one before");
  Schedule schedule;
  schedule.kind_ = Kind::Times;
  schedule.times_ = std::move(times);
  return schedule;
}

nanoseconds Schedule::due(std::uint64_t index) const {
  switch (kind_) {
    case Kind::Rate: {
      const long double offset =
          static_cast<long double>(index) * kNanosPerSecond / static_cast<long double>(rate_per_s_);
      return nanoseconds(static_cast<std::int64_t>(offset));
    }
    case Kind::Times:
      PEAR_ASSERT(index < times_.size(), "the list of planned times has ended");
      return times_[index];
    case Kind::Fast:
      break;
  }
  PEAR_UNREACHABLE("without a schedule nothing is due at a time");
}

std::uint64_t Schedule::due_before(nanoseconds span) const {
  switch (kind_) {
    case Kind::Rate: {
      if (span <= nanoseconds::zero()) return 0;
      const long double count = static_cast<long double>(span.count()) *
                                static_cast<long double>(rate_per_s_) / kNanosPerSecond;
      return static_cast<std::uint64_t>(std::ceil(count));
    }
    case Kind::Times:
      return static_cast<std::uint64_t>(std::ranges::lower_bound(times_, span) - times_.begin());
    case Kind::Fast:
      break;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace pear::load
