#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/cage/cage.h"
#include "data/exchange.h"

namespace pear::cage {

using data::BodyChunk;
using data::FaultKind;
using data::HopKind;
using data::RunOutcome;
using model::CageState;

// ---- From the connection's core.

bool Cage::start(data::Exchange& exchange) {
  const config::CageLimits& limits = site_->settings.limits;
  if (state_ != CageState::Running || in_flight_ >= limits.max_concurrent_requests) return false;
  GuestRun* const run = env_.runs.create(exchange, *this, env_.blocks);
  if (run == nullptr) return false;
  runs_.push_back(*run);
  ++in_flight_;
  places_.add(exchange.client_hash);
  place_.counters->in_flight.set(in_flight_);
  run->cpu_budget = limits.cpu;
  run->came = run->progress = env_.time.now;
  site_on_core_.first_slices.begin(*run);
  run->request_ended = !exchange.request.has_body;
  tell(HopKind::Accepted, *run);
  env_.queue.push(site_on_core_.queue, *run);
  if (is_full()) watch_pressure();
  return true;
}

void GuestRun::take_turn() {
  cage.first_slice(*this);
}

// Only now does it get an instance: requests that came together are mostly served by one, whose
// memory is in the processor's caches.
void Cage::first_slice(GuestRun& run) {
  site_on_core_.first_slices.end(run);
  if (run.aborted) return end_unserved(run, RunOutcome::Aborted);
  const GuestRun* const next = next_waiting();
  const bool may_go = next == &run || (next == nullptr && (run.request_ended || may_await_body()));
  GuestSlot* const slot = may_go ? free_slot() : nullptr;
  if (slot == nullptr) return wait_for_instance(run);
  run.base::ListHook<WaitTag>::unlink();
  attach(run, *slot);
  wake_next();  // There may be enough for another.
  run_slice(*slot);
}

void Cage::attach(GuestRun& run, GuestSlot& slot) {
  run.slot = &slot;
  instances_.add(run.exchange.client_hash);
  run.counts_as_incomplete = !run.request_ended;
  if (run.counts_as_incomplete) ++awaiting_bodies_;
  run.begun = env_.time.now;
  run.head_deadline = env_.time.now + site_->settings.limits.head_timeout;
  env_.timers.arm(run.wall, run.head_deadline);
  slot.run = &run;
  if (!slot.starting) begin(slot);
}

void Cage::detach(GuestRun& run) {
  run.slot = nullptr;
  instances_.subtract(run.exchange.client_hash);
  if (std::exchange(run.counts_as_incomplete, false)) --awaiting_bodies_;
}

void Cage::wake(GuestRun& run) {
  if (run.slot != nullptr) make_runnable(*run.slot);
}

void Cage::request_chunk(GuestRun& run, BodyChunk* chunk) {
  run.request_body.push(chunk);
  if (run.ended) return return_request_chunks(run);
  on_body(run);
}

void Cage::request_end(GuestRun& run) {
  run.request_ended = true;
  if (std::exchange(run.counts_as_incomplete, false)) --awaiting_bodies_;
  if (run.base::ListHook<WaitTag>::linked()) {
    run.base::ListHook<WaitTag>::unlink();
    waiting_.push_back(run);
  }
  wake_next();  // This one, or another whose body is on its way.
  on_body(run);
}

void Cage::request_cut(GuestRun& run) {
  run.request_cut = true;
  request_end(run);
}

// From now on it is the guest that others wait for.
void Cage::on_body(GuestRun& run) {
  client_moves(run);
  const MonotonicTime since = std::exchange(run.body_awaited, MonotonicTime{});
  if (since != MonotonicTime{} && !run.ended) {
    run.head_deadline += env_.time.now - since;
    run.progress = env_.time.now;
    if (!run.head_given && !run.aborted) env_.timers.arm(run.wall, run.head_deadline);
  }
  wake(run);
}

void Cage::abort(GuestRun& run) {
  if (run.aborted || run.ended) return;
  run.aborted = true;
  // Without an instance it has nothing to finish, and ends with its turn.
  if (run.slot == nullptr) return env_.queue.push(site_on_core_.queue, run);
  env_.timers.arm(run.wall, env_.time.now + kAbortGrace);
  wake(run);
}

void Cage::response_chunk_return(GuestRun& run, BodyChunk* chunk) {
  --run.chunks_out;
  run.bytes_out -= chunk->end;
  env_.chunks.give_back(chunk);
  client_moves(run);
  seal_if_due(run);
  wake(run);
}

void Cage::release(GuestRun& run) {
  PEAR_ASSERT(run.ended && run.chunks_out == 0, "a run is released once all of it came home");
  const std::uint64_t charged = run.fields_charged;
  env_.runs.destroy(run);
  if (charged > 0) give_back(charged);
}

bool Cage::over_cpu(GuestRun& run, MonotonicTime now) {
  const std::chrono::nanoseconds budget = site_->settings.limits.cpu;
  // Once the head is out the budget grows by 5 % of itself each second: a stream may live, and
  // still cannot burn.
  if (run.head_given) {
    if (run.cpu_refilled == MonotonicTime{}) run.cpu_refilled = now;
    const auto rested = now - run.cpu_refilled;
    run.cpu_budget += std::chrono::nanoseconds(
        static_cast<std::int64_t>(0.05 * static_cast<double>(budget.count()) *
                                  std::chrono::duration<double>(rested).count()));
    run.cpu_budget = std::min(run.cpu_budget, run.cpu + budget);
    run.cpu_refilled = now;
  }
  return run.cpu > run.cpu_budget;
}

// ---- Runs.

void Cage::seal(GuestRun& run) {
  if (run.filling == nullptr) return;
  BodyChunk* const chunk = std::exchange(run.filling, nullptr);
  chunk->from_guest = true;
  ++run.chunks_out;
  run.bytes_out += chunk->end;
  env_.outlet.to_exchange(
      {.kind = HopKind::ResponseChunk, .exchange = &run.exchange, .chunk = chunk});
}

void Cage::seal_if_due(GuestRun& run) {
  if (run.filling != nullptr && run.chunks_out < BodyChunk::kPartsOut) seal(run);
}

void Cage::return_request_chunk(GuestRun& run) {
  env_.outlet.to_exchange({.kind = HopKind::RequestChunkReturn,
                           .exchange = &run.exchange,
                           .chunk = std::exchange(run.reading, nullptr)});
}

void Cage::return_request_chunks(GuestRun& run) {
  if (run.reading != nullptr) return_request_chunk(run);
  while (!run.request_body.empty()) {
    run.reading = run.request_body.pop();
    return_request_chunk(run);
  }
}

void Cage::tell(HopKind kind, GuestRun& run, RunOutcome outcome) {
  env_.outlet.to_exchange(
      {.kind = kind, .outcome = outcome, .exchange = &run.exchange, .run = &run});
}

void Cage::end_run(GuestRun& run, RunOutcome outcome) {
  seal(run);
  if (!run.finished && !run.cut) {
    run.cut = true;
    tell(HopKind::ResponseCut, run, outcome == RunOutcome::Done ? RunOutcome::Host : outcome);
  }
  run.ended = true;  // Chunks that still come go home at once.
  return_request_chunks(run);
  run.wall.cancel();
  run.base::ListHook<WaitTag>::unlink();
  site_on_core_.first_slices.end(run);
  env_.queue.remove(site_on_core_.queue, run);
  if (run.slot != nullptr) {
    run.slot->end_lines();
    run.slot->run = nullptr;
    detach(run);
  }
  --in_flight_;
  places_.subtract(run.exchange.client_hash);
  place_.counters->in_flight.set(in_flight_);
  tell(HopKind::Ended, run, outcome);  // May release the run: nothing may follow.
}

// A run that never got an instance.
void Cage::end_unserved(GuestRun& run, RunOutcome outcome) {
  end_run(run, outcome);
  wake_next();  // It may have been the next, and what it was woken for is there for another.
  finish_if_empty();
}

void GuestRun::on_wall(MonotonicTime /*now*/) {
  cage.on_wall(*this);
}

void Cage::on_wall(GuestRun& run) {
  if (run.slot == nullptr) {
    site_on_core_.counters.queue_timeout.add();
    return end_unserved(run, RunOutcome::Stopped);
  }
  GuestSlot& slot = *run.slot;
  if (run.aborted) {
    end_run(run, RunOutcome::Aborted);
    return discard_and_finish(slot);
  }
  const config::CageLimits& limits = site_->settings.limits;
  const auto limit = run.head_given ? limits.chunk_timeout : limits.head_timeout;
  MonotonicTime deadline = run.head_given ? run.progress + limit : run.head_deadline;
  // A client that does not send, or does not take what is there, is the connection's matter, not
  // the guest's.
  const bool client_is_slow = run.body_awaited != MonotonicTime{} || run.chunks_out > 0;
  if (client_is_slow) deadline = env_.time.now + limit;
  if (env_.time.now < deadline) return env_.timers.arm(run.wall, deadline);
  fault(slot, FaultKind::Wall,
        run.head_given ? "no progress of a body within limits.chunk_timeout"
                       : "no response head within limits.head_timeout");
}

}  // namespace pear::cage
