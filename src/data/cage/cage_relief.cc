// Who gets the next instance, and who makes room where there is none.
//
// A request holds its instance while its guest runs, and also while the guest waits for the client:
// that may take for ever. So, while others wait, nobody holds more than its share. The next
// instance goes to the client that has the fewest; bodies that are on their way get half of them;
// and whoever lets its guest wait, or has most of what there is, makes room for who has less.
#include <algorithm>
#include <chrono>
#include <tuple>

#include "data/cage/cage.h"
#include "data/exchange.h"

namespace pear::cage {

using data::RunOutcome;

namespace {

// So many of those who wait are compared: more make it no fairer, and it stays short.
constexpr int kCompared = 64;
// How often it is looked who has to make room, while somebody waits.
constexpr std::chrono::milliseconds kPeriodMin{1};
constexpr std::chrono::milliseconds kPeriodMax{100};

}  // namespace

// What is short, and how much of it the poorest of those has who wait for it.
struct Cage::Pressure {
  const data::ClientCounts& counts;  // Of places, or of instances.
  std::uint64_t half = 0;            // Of all that there are.
  std::uint32_t poorest = 0;
  // Whether it is of use to whoever waits when this one goes.
  bool (*helps)(const GuestRun& run) = nullptr;
};

// ---- The next.

std::uint64_t Cage::capacity() const {
  const std::uint64_t more = account_.room() / std::max<std::uint64_t>(instance_bytes_, 1);
  return std::min<std::uint64_t>(place_.counters->instances.value() + more,
                                 site_->settings.limits.max_concurrent_requests);
}

bool Cage::may_await_body() const {
  return awaiting_bodies_ < (capacity() + 1) / 2;
}

// Of the client that has the fewest instances; of several the one that came first.
GuestRun* Cage::poorest_of(WaitingRuns& runs, GuestRun* best) {
  const auto rank = [this](const GuestRun& run) {
    return std::tuple(instances_.of(run.exchange.client_hash), run.came);
  };
  int compared = 0;
  for (GuestRun& run : runs) {
    if (best == nullptr || rank(run) < rank(*best)) best = &run;
    if (++compared == kCompared) break;
  }
  return best;
}

GuestRun* Cage::next_waiting() {
  GuestRun* const complete = poorest_of(waiting_, nullptr);
  const bool others_may = !incomplete_.empty() && may_await_body();
  return others_may ? poorest_of(incomplete_, complete) : complete;
}

// For as long as a request may wait for a place: that is what it does.
void Cage::wait_for_instance(GuestRun& run) {
  if (!run.base::ListHook<WaitTag>::linked()) {
    (run.request_ended ? waiting_ : incomplete_).push_back(run);
    env_.timers.arm(run.wall, run.came + site_->settings.limits.queue_timeout);
  }
  watch_pressure();
  // The account has room, but the process has no instance left: other cages say when they end one.
  const bool process_is_full = next_waiting() == &run && idle_.empty() && has_room_for_instance();
  if (process_is_full && !base::ListHook<ShortTag>::linked()) {
    env_.short_of_instances.push_back(*this);
  }
}

// ---- Clients that let their guests wait.

void Cage::wait_for_client(GuestRun& run) {
  if (run.client_awaited == MonotonicTime{}) run.client_awaited = env_.time.now;
}

void Cage::client_moves(GuestRun& run) {
  if (run.client_awaited == MonotonicTime{}) return;
  run.client_time += env_.time.now - run.client_awaited;
  run.client_awaited = {};
}

// ---- Making room.

bool Cage::is_full() const {
  return in_flight_ >= site_->settings.limits.max_concurrent_requests;
}

void Cage::watch_pressure() {
  if (relief_.armed()) return;
  const auto period = std::clamp(site_->settings.limits.stalled_after / 4, kPeriodMin, kPeriodMax);
  env_.timers.arm(relief_, env_.time.now + period);
}

void Cage::on_relief(MonotonicTime now) {
  if (waiting_.empty() && incomplete_.empty() && !is_full()) return;
  const bool any = relieve(now);
  watch_pressure();
  // Where one had to go, others may have to.
  if (any) env_.timers.arm(relief_, now + kPeriodMin);
}

// Ends one request, if one has to make room. False: none has to.
bool Cage::relieve(MonotonicTime now) {
  GuestRun* const displaced = whom_to_displace(now);
  if (displaced == nullptr) return false;
  site_on_core_.counters.displaced.add();
  GuestSlot* const slot = displaced->slot;
  if (slot == nullptr) {
    end_unserved(*displaced, RunOutcome::Displaced);
  } else {
    end_run(*displaced, RunOutcome::Displaced);
    discard_and_finish(*slot);
  }
  return true;
}

GuestRun* Cage::whom_to_displace(MonotonicTime now) {
  // Where only bodies that are on their way wait, they have their half already, and one of them has
  // to go.
  const GuestRun* const next = next_waiting();
  const GuestRun* const waits = next != nullptr ? next : poorest_of(incomplete_, nullptr);
  const bool is_short = next == nullptr || (idle_.empty() && !has_room_for_instance());
  if (waits != nullptr && is_short) {
    const Pressure pressure{
        .counts = instances_,
        .half = (capacity() + 1) / 2,
        .poorest = instances_.of(waits->exchange.client_hash),
        .helps = next != nullptr ? [](const GuestRun& run) { return run.slot != nullptr; }
                                 : [](const GuestRun& run) { return run.counts_as_incomplete; }};
    if (GuestRun* const run = costliest(pressure, now)) return run;
  }
  if (!is_full()) return nullptr;
  // Those who wait for a place do so at their own cores.
  std::uint32_t poorest = UINT32_MAX;
  for (const auto& core : site_->metrics->by_core) {
    const std::uint64_t client = core->poorest_waiting.value();
    if (client != 0) poorest = std::min(poorest, places_.of(client));
  }
  if (poorest == UINT32_MAX) return nullptr;
  const std::uint64_t all = site_->settings.limits.max_concurrent_requests;
  return costliest({.counts = places_,
                    .half = (all + 1) / 2,
                    .poorest = poorest,
                    .helps = [](const GuestRun& /*run*/) { return true; }},
                   now);
}

// The costliest of those that have to: of the client that has most, the one whose guest has waited
// for it for longest.
GuestRun* Cage::costliest(const Pressure& pressure, MonotonicTime now) {
  const auto patience = site_->settings.limits.stalled_after;
  GuestRun* found = nullptr;
  std::tuple<std::uint32_t, std::chrono::nanoseconds> most;
  for (GuestRun& run : runs_) {
    if (run.ended || !pressure.helps(run)) continue;
    const bool awaits = run.client_awaited != MonotonicTime{};
    const auto standstill = awaits ? now - run.client_awaited : std::chrono::nanoseconds{};
    const auto awaited = awaits ? run.client_time + standstill : std::chrono::nanoseconds{};
    const std::uint32_t has = pressure.counts.of(run.exchange.client_hash);
    const bool richer = has >= pressure.poorest + 2;
    const bool slow = richer && awaited >= patience;
    const bool too_many = richer && has > pressure.half && now - run.came >= patience;
    if (standstill < patience && !slow && !too_many) continue;
    const std::tuple cost(has, awaited);
    if (found != nullptr && cost <= most) continue;
    found = &run;
    most = cost;
  }
  return found;
}

}  // namespace pear::cage
