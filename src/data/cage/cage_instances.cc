#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/cage/cage.h"
#include "data/exchange.h"

namespace pear::cage {

using data::FaultKind;
using data::RunOutcome;
using model::CageMove;
using model::CageState;

namespace {

FaultKind kind_of(const Guest::Ending& ending, const GuestSlot& slot) {
  const bool refused = slot.growth_refused || (slot.run != nullptr && slot.run->growth_refused);
  switch (ending.kind) {
    case GuestFault::Trap:
      return refused ? FaultKind::Memory : FaultKind::Trap;
    case GuestFault::Memory:
      return FaultKind::Memory;
    case GuestFault::Host:
    case GuestFault::Exit:
    case GuestFault::Limit:
      return FaultKind::Host;
    case GuestFault::Panic:
    case GuestFault::Start:
    case GuestFault::NoRoom:
      return FaultKind::Trap;
  }
  PEAR_UNREACHABLE("a guest's fault without a kind");
}

}  // namespace

// ---- Instances.

bool Cage::has_room_for_instance() {
  return slots_.empty() || account_.room() >= instance_bytes_;
}

// A warm instance, else a new one; null without room for it.
GuestSlot* Cage::free_slot() {
  if (GuestSlot* const warm = idle_.pop_front()) return warm;
  return has_room_for_instance() ? make_slot() : nullptr;
}

GuestSlot* Cage::make_slot() {
  const base::WorkFor work(env_.signs, site_on_core_.key, base::Activity::Start);
  auto slot = std::make_unique<GuestSlot>(*this);
  const std::uint64_t token = (std::uint64_t{std::to_underlying(id())} << 32U) | next_serial_++;
  slot->serial = static_cast<std::uint32_t>(token);
  slot->made = env_.time.now;
  slot->guest = make_guest(*slot, token);
  if (slot->guest == nullptr) return nullptr;
  slots_.push_back(*slot);
  place_.counters->instances.add();
  site_on_core_.counters.instances_made.add();
  return slot.release();
}

// Where the process has no room, an instance that is only kept warm gives way: one of this core at
// once, one of another core soon.
std::unique_ptr<Guest> Cage::make_guest(GuestSlot& slot, std::uint64_t token) {
  auto guest = source_->make(slot, token);
  // A site that has its share takes nobody else's.
  if (guest != nullptr || !source_->process_is_full()) return guest;
  if (env_.room.end_longest_idle()) guest = source_->make(slot, token);
  if (guest == nullptr) env_.maker.ask_for_room();
  return guest;
}

void Cage::discard(GuestSlot& slot) {
  const base::WorkFor work(env_.signs, site_on_core_.key, base::Activity::Guest);
  env_.queue.remove(site_on_core_.queue, slot);
  if (slot.successor) recovering_ = false;
  slot.wake.cancel();
  slot.end_lines();
  if (slot.charged < kBuried.count) {
    slot.guest.reset();
  } else {
    slot.guest->leave_host();
    env_.maker.bury(std::move(slot.guest));
  }
  const std::uint64_t charged = std::exchange(slot.charged, 0);
  const bool gives_room = !slot.no_room;
  place_.counters->instances.subtract();
  std::unique_ptr<GuestSlot>(&slot).reset();  // Leaves its lists as it dies.
  give_back(charged);
  // The process may have another instance now: who of this core has waited for it for longest, and
  // has use for it.
  while (gives_room) {
    Cage* const other = env_.short_of_instances.pop_front();
    if (other == nullptr || other->wake_next()) break;
  }
}

bool Cage::charge(std::uint64_t bytes) {
  if (!account_.try_charge(bytes)) return false;
  place_.counters->memory_bytes.set(account_.used());
  return true;
}

void Cage::give_back(std::uint64_t bytes) {
  account_.release(bytes);
  place_.counters->memory_bytes.set(account_.used());
  wake_next();
}

bool Cage::wake_next() {
  if (waiting_.empty() && incomplete_.empty()) return false;
  // A cage that found the process full waits until others make room, or it is time to look again.
  const bool process_was_full = base::ListHook<ShortTag>::linked();
  if (idle_.empty() && (process_was_full || !has_room_for_instance())) return false;
  GuestRun* const next = next_waiting();
  if (next != nullptr) env_.queue.push(site_on_core_.queue, *next);
  return next != nullptr;
}

void Cage::rest(GuestSlot& slot) {
  // It may have been woken within the slice that was its last.
  env_.queue.remove(site_on_core_.queue, slot);
  slot.rested = env_.time.now;
  idle_.push_front(slot);
  wake_next();
}

void Cage::trim() {
  const MonotonicTime oldest = env_.time.now - site_->settings.run.instance_idle;
  // One stays warm, so that the first request after a rest is as fast as the others.
  while (idle_.front() != nullptr && idle_.front() != idle_.back() &&
         idle_.back()->rested <= oldest) {
    discard(*idle_.back());
  }
}

std::optional<MonotonicTime> Cage::idle_since() {
  const GuestSlot* const longest = idle_.back();
  return longest == nullptr ? std::nullopt : std::optional(longest->rested);
}

void Cage::end_longest_idle() {
  discard(*idle_.back());
}

void Cage::make_runnable(GuestSlot& slot) {
  if (slot.guest == nullptr || slot.base::ListHook<IdleTag>::linked()) return;
  env_.queue.push(site_on_core_.queue, slot);
}

GuestSlot* Cage::slot_of(std::uint64_t token) {
  for (GuestSlot& slot : slots_) {
    if (slot.serial == static_cast<std::uint32_t>(token)) return &slot;
  }
  return nullptr;
}

void Cage::wake_slot_at(GuestSlot& slot, MonotonicTime deadline) {
  if (slot.wake.armed() && slot.wake_deadline <= deadline) return;
  slot.wake_deadline = deadline;
  env_.timers.arm(slot.wake, deadline);
}

void Cage::begin(GuestSlot& slot) {
  slot.turn_cpu = {};
  const data::Request& request = slot.run->exchange.request;
  slot.guest->begin({.method = request.method,
                     .scheme = request.scheme,
                     .authority = request.authority,
                     .path_with_query = request.path_with_query,
                     .fields = request.fields});
}

// ---- Slices.

// NOLINTBEGIN(misc-no-recursion): once, from the end of the start to the first slice.
void Cage::run_slice(GuestSlot& slot) {
  const base::WorkFor work(env_.signs, site_on_core_.key,
                           slot.starting ? base::Activity::Start : base::Activity::Guest);
  const Guest::Slice slice = slot.guest->poll();
  env_.time.now = std::max(env_.time.now, slice.end);
  env_.queue.charge(site_on_core_.queue, slice.cpu);
  site_on_core_.counters.guest_cpu_ns.add(static_cast<std::uint64_t>(slice.cpu.count()));
  if (slot.run != nullptr) {
    slot.run->cpu += slice.cpu;
    seal_if_due(*slot.run);
  } else {
    slot.start_cpu += slice.cpu;
  }
  settle(slot, slice);
}

void Cage::settle(GuestSlot& slot, const Guest::Slice& slice) {
  // Also of a guest that returned in the same slice: what it gave is not the whole response.
  if (slot.run != nullptr && !slot.run->broken_limit.empty()) {
    return fault(slot, FaultKind::Host, slot.run->broken_limit);
  }
  switch (slice.state) {
    case GuestState::Idle:
      if (slot.starting) return on_started(slot, slice.end);
      return on_returned(slot);
    case GuestState::Faulted: {
      const Guest::Ending ending = slot.guest->ending();
      if (slot.starting && ending.kind == GuestFault::NoRoom) return on_no_room(slot);
      if (slot.starting) return on_start_failed(slot, ending.message);
      if (ending.kind == GuestFault::Limit) slot.run->broken_limit = ending.message;
      return fault(slot, kind_of(ending, slot), ending.message);
    }
    case GuestState::Pending:
    case GuestState::Yielded:
      break;
  }
  if (slot.run == nullptr) {
    if (slot.start_cpu > site_->settings.limits.cpu) {
      return on_start_failed(slot, "its start function used more CPU time than limits.cpu");
    }
  } else if (over_cpu(*slot.run, slice.end)) {
    return fault(slot, FaultKind::Cpu, "the request used more CPU time than limits.cpu");
  }
  if (slice.state != GuestState::Yielded) return;
  slot.turn_cpu += slice.cpu;
  if (slot.turn_cpu < kTurn) return env_.queue.push_again(site_on_core_.queue, slot);
  slot.turn_cpu = {};
  make_runnable(slot);
}

void Cage::on_started(GuestSlot& slot, MonotonicTime now) {
  slot.starting = false;
  instance_bytes_ = slot.charged;
  if (state_ == CageState::Initializing) {
    on_first_start(now);
  } else if (state_ == CageState::Crashed && slot.successor) {
    on_recovered(now);
  }
  slot.successor = false;
  if (state_ == CageState::Terminating && slot.run == nullptr) return discard_and_finish(slot);
  if (slot.base::ListHook<IdleTag>::linked()) return;
  if (slot.run == nullptr) return rest(slot);
  wake_next();  // It may have turned out smaller than was thought.
  begin(slot);
  run_slice(slot);
}

// NOLINTEND(misc-no-recursion)

void Cage::on_first_start(MonotonicTime now) {
  move(CageMove::Started);
  ++incarnation_;
  place_.counters->incarnation.store(incarnation_, std::memory_order_relaxed);
  env_.outlet.event(data::CageStarted{
      .cage = id(), .incarnation = Incarnation{incarnation_}, .took = now - spawned_at_});
}

// The engine has no more of what an instance needs. Its request waits with the others.
void Cage::on_no_room(GuestSlot& slot) {
  GuestRun* const run = std::exchange(slot.run, nullptr);
  const bool successor = slot.successor;
  if (run != nullptr) {
    detach(*run);
    (run->request_ended ? waiting_ : incomplete_).push_front(*run);
    env_.timers.arm(run->wall, run->came + site_->settings.limits.queue_timeout);
  }
  // Its own end must wake nobody, or it would be made again at once, and for ever.
  slot.no_room = true;
  if (!base::ListHook<ShortTag>::linked()) env_.short_of_instances.push_back(*this);
  discard(slot);
  if (state_ == CageState::Initializing) {
    on_first_start(env_.time.now);
  } else if (successor && state_ == CageState::Crashed) {
    on_recovered(env_.time.now);
  }
  finish_if_empty();
}

void Cage::on_start_failed(GuestSlot& slot, std::string_view reason) {
  // The memory may only be short because the cage's other instances hold it: then the request waits
  // for one of them.
  const bool crowded = slot.growth_refused && slots_.front() != slots_.back();
  std::string text(reason);
  if (slot.growth_refused) text += " (limits.memory has no room for an instance)";
  GuestRun* const run = std::exchange(slot.run, nullptr);
  const bool successor = slot.successor;
  if (run != nullptr && crowded) {
    detach(*run);
    (run->request_ended ? waiting_ : incomplete_).push_front(*run);  // It was the next.
    env_.timers.arm(run->wall, run->came + site_->settings.limits.queue_timeout);
    // More room is needed than there will be when this one is gone, or it would be made again.
    instance_bytes_ = account_.room() + slot.charged + 1;
    return discard(slot);
  }
  if (run != nullptr) end_run(*run, RunOutcome::Stopped);
  discard(slot);
  if (state_ == CageState::Running) {
    crash_ = {.cage = id(), .kind = FaultKind::Trap, .reason = text};
    move(CageMove::Faulted);
    place_.counters->faults.add();
  } else if (state_ == CageState::Initializing) {
    move(CageMove::SpawnFailed);
  }
  if (successor || state_ == CageState::Crashed) {
    crash_pending_ = false;  // From here on only a respawn helps, when the supervisor says so.
    env_.outlet.event(data::SpawnFailed{.cage = id(), .reason = std::move(text)});
  }
  finish_if_empty();
}

void Cage::on_returned(GuestSlot& slot) {
  GuestRun* const run = slot.run;
  PEAR_ASSERT(run != nullptr, "a guest returned from no call");
  slot.wake.cancel();
  ++slot.served;
  slot.growth_refused = false;
  const bool keep = site_->settings.run.isolation == config::Isolation::Cage &&
                    slot.served < site_->settings.run.max_requests_per_instance && !run->aborted &&
                    state_ != CageState::Terminating;
  end_run(*run, RunOutcome::Done);
  place_.counters->served.add();
  if (keep) {
    rest(slot);
  } else {
    discard(slot);
  }
  finish_if_empty();
}

void Cage::discard_and_finish(GuestSlot& slot) {
  discard(slot);
  finish_if_empty();
}

}  // namespace pear::cage
