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
  place_.counters->in_flight.set(in_flight_);
  run->cpu_budget = limits.cpu;
  run->progress = env_.time.now;
  site_on_core_.first_slices.begin(*run);
  run->request_ended = !exchange.request.has_body;
  run->head_deadline = env_.time.now + limits.head_timeout;
  env_.timers.arm(run->wall, run->head_deadline);
  tell(HopKind::Accepted, *run);
  env_.queue.push(site_on_core_.queue, *run);
  relieve_if_full();
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
  GuestSlot* const slot = waiting_.empty() ? free_slot() : nullptr;
  if (slot != nullptr) {
    attach(run, *slot);
    return run_slice(*slot);
  }
  if (slots_.empty()) return end_unserved(run, RunOutcome::Stopped);
  waiting_.push_back(run);  // For one of those that there are.
}

void Cage::attach(GuestRun& run, GuestSlot& slot) {
  run.slot = &slot;
  run.begun = env_.time.now;
  slot.run = &run;
  if (!slot.starting) begin(slot);
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
  on_body(run);
}

// From now on it is the guest that others wait for.
void Cage::on_body(GuestRun& run) {
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
  env_.timers.arm(run.wall, env_.time.now + kAbortGrace);
  wake(run);
}

void Cage::response_chunk_return(GuestRun& run, BodyChunk* chunk) {
  env_.chunks.give_back(chunk);
  --run.chunks_out;
  run.base::ListHook<StallTag>::unlink();
  if (run.charged >= BodyChunk::kBytes) {
    run.charged -= BodyChunk::kBytes;
    account_.release(BodyChunk::kBytes);
  }
  wake(run);
}

void Cage::release(GuestRun& run) {
  PEAR_ASSERT(run.ended && run.chunks_out == 0, "a run is released once all of it came home");
  env_.runs.destroy(run);
}

void Cage::stall(GuestRun& run) {
  if (run.base::ListHook<StallTag>::linked()) return;
  run.stalled = env_.time.now;
  stalled_.push_back(run);
  relieve_if_full();
}

void Cage::relieve_if_full() {
  const config::CageLimits& limits = site_->settings.limits;
  const GuestRun* const oldest = stalled_.front();
  if (in_flight_ < limits.max_concurrent_requests || oldest == nullptr) return;
  if (!relief_.armed()) env_.timers.arm(relief_, oldest->stalled + limits.stalled_after);
}

void Cage::on_relief(MonotonicTime now) {
  const config::CageLimits& limits = site_->settings.limits;
  GuestRun* const oldest = stalled_.front();
  const bool full = in_flight_ >= limits.max_concurrent_requests;
  if (full && oldest != nullptr && now - oldest->stalled >= limits.stalled_after) {
    GuestSlot& slot = *oldest->slot;
    end_run(*oldest, RunOutcome::Aborted);
    discard_and_finish(slot);
  }
  relieve_if_full();
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
  if (account_.try_charge(BodyChunk::kBytes)) run.charged += BodyChunk::kBytes;
  env_.outlet.to_exchange(
      {.kind = HopKind::ResponseChunk, .exchange = &run.exchange, .chunk = chunk});
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
  return_request_chunks(run);
  run.wall.cancel();
  run.ended = true;
  run.base::ListHook<WaitTag>::unlink();
  run.base::ListHook<StallTag>::unlink();
  site_on_core_.first_slices.end(run);
  env_.queue.remove(site_on_core_.queue, run);
  if (run.slot != nullptr) {
    run.slot->end_lines();
    run.slot->run = nullptr;
  }
  run.slot = nullptr;
  --in_flight_;
  place_.counters->in_flight.set(in_flight_);
  tell(HopKind::Ended, run, outcome);  // May release the run: nothing may follow.
}

// A run that never got an instance.
void Cage::end_unserved(GuestRun& run, RunOutcome outcome) {
  end_run(run, outcome);
  finish_if_empty();
}

void GuestRun::on_wall(MonotonicTime /*now*/) {
  cage.on_wall(*this);
}

void Cage::on_wall(GuestRun& run) {
  if (run.slot == nullptr) {
    return end_unserved(run, run.aborted ? RunOutcome::Aborted : RunOutcome::Wall);
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
