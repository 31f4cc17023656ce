// FirstSlices: the requests of one site that wait for their first slice on this core, the oldest
// first, and since when that one does: so the pool knows how far the site is behind.
//
// Thread: core-local; what it says in the counters is read by all cores.
// Memory: intrusive.
#pragma once

#include "base/intrusive_list.h"
#include "data/cage/guest_run.h"
#include "model/counters.h"

namespace pear::cage {

class FirstSlices {
 public:
  explicit FirstSlices(model::SiteCounters& counters) : counters_(counters) {}

  // The run waits from now on: its `progress` is now.
  void begin(GuestRun& run) {
    waiting_.push_back(run);
    say();
  }
  // It does not wait any more, if it did.
  void end(GuestRun& run) {
    if (!run.base::ListHook<FirstSliceTag>::linked()) return;
    run.base::ListHook<FirstSliceTag>::unlink();
    say();
  }

 private:
  void say() {
    const GuestRun* const oldest = waiting_.front();
    const auto since = oldest == nullptr ? 0 : oldest->progress.time_since_epoch().count();
    counters_.waits_since_ns.set(static_cast<std::uint64_t>(since));
  }

  model::SiteCounters& counters_;
  base::IntrusiveList<GuestRun, FirstSliceTag> waiting_;
};

}  // namespace pear::cage
