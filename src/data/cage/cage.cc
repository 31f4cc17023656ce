#include "data/cage/cage.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/exchange.h"

namespace pear::cage {

using data::FaultKind;
using data::RunOutcome;
using model::CageMove;
using model::CageState;

namespace {

RunOutcome outcome_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::Trap:
      return RunOutcome::Trap;
    case FaultKind::Memory:
      return RunOutcome::Memory;
    case FaultKind::Cpu:
      return RunOutcome::Cpu;
    case FaultKind::Wall:
      return RunOutcome::Wall;
    case FaultKind::Host:
      return RunOutcome::Host;
    case FaultKind::Lost:
      return RunOutcome::Stopped;
  }
  PEAR_UNREACHABLE("a fault kind without an outcome");
}

}  // namespace

Cage::Cage(CageEnv& env, SiteOnCore& site_on_core, std::shared_ptr<const model::Site> site,
           model::CagePlace place)
    : env_(env),
      site_on_core_(site_on_core),
      site_(std::move(site)),
      place_(std::move(place)),
      account_(site_->settings.limits.memory) {
  place_.counters->state.store(state_, std::memory_order_relaxed);
}

Cage::~Cage() {
  PEAR_ASSERT(runs_.empty(), "a cage must outlive its runs");
  while (GuestSlot* const slot = slots_.front()) discard(*slot);
}

void Cage::move(CageMove move) {
  state_ = model::moved(state_, move);
  place_.counters->state.store(state_, std::memory_order_release);
}

// ---- From the control plane.

void Cage::spawn(std::shared_ptr<const engine::Image> image, std::uint32_t recover_credits) {
  if (state_ == CageState::Crashed) {
    if (recovering_) return;  // It is about to run by itself.
    move(CageMove::Respawned);
  }
  if (state_ != CageState::Initializing) return;
  if (source_ == nullptr) source_ = env_.maker.open(std::move(image), site_->settings);
  credits_ = recover_credits;
  spawned_at_ = env_.time.now;
  if (slots_.empty() || idle_.empty()) {
    // Without room for an instance in the process it runs all the same: that is not its fault, and
    // its first request makes one when there is room.
    GuestSlot* const slot = make_slot();
    if (slot == nullptr) return on_first_start(env_.time.now);
    make_runnable(*slot);
    return;
  }
  // Instances from before the crash still rest here: they prove that the cage can run.
  on_started(*idle_.front(), env_.time.now);
}

void Cage::grant(std::uint32_t recover_credits) {
  credits_ += recover_credits;
  if (crash_pending_ && !recovering_) recover();
}

void Cage::terminate(MonotonicTime deadline) {
  if (state_ == CageState::Terminating || state_ == CageState::Terminated) return;
  move(CageMove::TerminateAsked);
  while (GuestSlot* const slot = idle_.front()) discard(*slot);
  env_.timers.arm(deadline_, deadline);
  finish_if_empty();
}

void Cage::end_now() {
  terminate(env_.time.now);
  if (state_ == CageState::Terminating) on_deadline(env_.time.now);
}

void Cage::on_deadline(MonotonicTime /*now*/) {
  for (auto run = runs_.begin(); run != runs_.end();) {
    GuestRun& next = *run++;  // Ended, it may be released.
    if (!next.ended) end_run(next, RunOutcome::Stopped);
  }
  while (GuestSlot* const slot = slots_.front()) discard(*slot);
  finish_if_empty();
}

void Cage::finish_if_empty() {
  if (state_ != CageState::Terminating || in_flight_ != 0) return;
  while (GuestSlot* const slot = slots_.front()) discard(*slot);
  deadline_.cancel();
  move(CageMove::Ended);
  env_.outlet.event(data::CageEnded{.cage = id()});
}

bool Cage::over() const {
  return state_ == CageState::Terminated && runs_.empty();
}

// ---- Faults.

void Cage::fault(GuestSlot& slot, FaultKind kind, std::string_view reason) {
  data::CageFaulted event{.cage = id(), .kind = kind, .reason = std::string(reason)};
  site_on_core_.counters.faults[std::to_underlying(kind)].add();
  place_.counters->faults.add();
  const MonotonicTime fault_time = env_.time.now;
  if (GuestRun* const run = slot.run) {
    event.exchange = run->exchange.id;
    end_run(*run, run->broken_limit.empty() ? outcome_of(kind) : RunOutcome::Limit);
  }
  discard(slot);
  if (state_ != CageState::Running) {
    // A sibling of the instance that crashed the cage: its successor is on the way.
    event.incarnation = Incarnation{incarnation_};
    env_.outlet.event(std::move(event));
    return finish_if_empty();
  }
  move(CageMove::Faulted);
  crashed_at_ = fault_time;
  crash_ = std::move(event);
  crash_pending_ = true;
  recover();
}

void Cage::recover() {
  if (credits_ == 0) {
    env_.outlet.event(crash_);  // Not recovered: control grants more, or it stays as it is.
    return;
  }
  --credits_;
  GuestSlot* const warm = idle_.front();
  if (warm != nullptr)
    return on_recovered(env_.time.now);  // A spare is ready: nothing to wait for.
  if (!has_room_for_instance())
    return on_recovered(env_.time.now);  // The others use it all, and serve.
  GuestSlot* const successor = make_slot();
  if (successor == nullptr) return on_recovered(env_.time.now);
  successor->successor = true;
  recovering_ = true;
  run_slice(*successor);
}

void Cage::on_recovered(MonotonicTime now) {
  move(CageMove::Recovered);
  recovering_ = false;
  crash_pending_ = false;
  ++incarnation_;
  place_.counters->incarnation.store(incarnation_, std::memory_order_relaxed);
  const auto heal = std::max(now - crashed_at_, std::chrono::nanoseconds::zero());
  site_on_core_.counters.recovered.add();
  site_on_core_.counters.heal.record(heal);
  data::CageFaulted event = std::move(crash_);
  event.incarnation = Incarnation{incarnation_};
  event.recovered = true;
  event.heal = heal;
  env_.outlet.event(std::move(event));
}

}  // namespace pear::cage
