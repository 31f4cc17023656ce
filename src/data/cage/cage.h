// Cage: one replica of a site on this core: its instances, their memory account, and its state.
//
// It takes requests (GuestRun), gives each to an instance, and watches the limits. A fault ends one
// instance; the cage goes CRASHED and, by a credit that control granted before, RUNNING again with
// a fresh instance before the next request is looked at.
//
// Thread: core-local.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "data/cage/cage_env.h"
#include "data/cage/guest_run.h"
#include "data/cage/guest_slot.h"
#include "data/cage/memory_account.h"
#include "data/client_counts.h"
#include "data/core_event.h"
#include "model/cage_state.h"
#include "model/site_table.h"

namespace pear::cage {

struct ShortTag;  // Cages whose first waiting request found all instances of the process in use.

class Cage : public base::ListHook<ShortTag> {
 public:
  // How long a guest may go on after its client went away.
  static constexpr std::chrono::milliseconds kAbortGrace{100};
  // CPU time after which an instance lets the others of its site have a turn. Several slices, so
  // that most requests end in one turn, while their memory is in the processor's caches.
  static constexpr std::chrono::milliseconds kTurn{4};
  // An instance with so much memory is torn down by another thread: it may take milliseconds.
  static constexpr Bytes kBuried = 32_MiB;

  Cage(CageEnv& env, SiteOnCore& site_on_core, std::shared_ptr<const model::Site> site,
       model::CagePlace place);
  ~Cage();
  Cage(const Cage&) = delete;
  Cage& operator=(const Cage&) = delete;
  Cage(Cage&&) = delete;
  Cage& operator=(Cage&&) = delete;

  // ---- From the control plane.

  // Makes the first instance. The cage is INITIALIZING (new) or CRASHED.
  void spawn(std::shared_ptr<const engine::Image> image, std::uint32_t recover_credits);
  void grant(std::uint32_t recover_credits);
  // Takes no new requests; those that run may end until `deadline`.
  void terminate(MonotonicTime deadline);
  // The same with a deadline that has passed.
  void end_now();

  // ---- From the connection's core.

  // False when the cage does not run or has no place: nothing happened.
  [[nodiscard]] bool start(data::Exchange& exchange);
  void request_chunk(GuestRun& run, data::BodyChunk* chunk);
  void request_end(GuestRun& run);
  void request_cut(GuestRun& run);
  void abort(GuestRun& run);
  void response_chunk_return(GuestRun& run, data::BodyChunk* chunk);
  void release(GuestRun& run);

  // ---- From the run queue and the timers.

  void run_slice(GuestSlot& slot);
  // The turn of a request that has no instance yet: it gets one, or waits for wake_next().
  void first_slice(GuestRun& run);
  // Frees instances that have been idle for too long.
  void trim();
  // Since when that instance is idle which has been so for longest; nothing: none is idle.
  [[nodiscard]] std::optional<MonotonicTime> idle_since();
  // It makes room for another cage's: what is only kept warm is nobody's need.
  void end_longest_idle();
  // Another thread did something for this instance, or its credit came back.
  void make_runnable(GuestSlot& slot);

  [[nodiscard]] model::CageState state() const { return state_; }
  [[nodiscard]] bool over() const;  // TERMINATED, and nothing refers to it any more.
  [[nodiscard]] CageId id() const { return place_.cage; }
  [[nodiscard]] const model::Site& site() const { return *site_; }
  [[nodiscard]] const model::CagePlace& place() const { return place_; }
  [[nodiscard]] MemoryAccount& account() { return account_; }
  // Takes bytes of the account: false, and nothing is taken, without room for them.
  [[nodiscard]] bool charge(std::uint64_t bytes);
  // They come back.
  void give_back(std::uint64_t bytes);
  // Something that a request may wait for has come back: an instance, memory of the account, one of
  // the process's instances. The request that has waited for longest takes its turn, if there is
  // enough for it now. All that gives something back calls this, also from within a slice: nothing
  // runs here. False: nobody has use for it.
  bool wake_next();
  [[nodiscard]] CageEnv& env() { return env_; }
  [[nodiscard]] SiteOnCore& site_on_core() { return site_on_core_; }
  [[nodiscard]] GuestSlot* slot_of(std::uint64_t token);

 private:
  friend class GuestSlot;  // Its guest's host: it answers out of the cage.
  friend class GuestRun;   // Its timer.
  using Slots = base::IntrusiveList<GuestSlot, SlotTag>;
  using IdleSlots = base::IntrusiveList<GuestSlot, IdleTag>;
  using WaitingRuns = base::IntrusiveList<GuestRun, WaitTag>;

  void move(model::CageMove move);

  // Instances (cage_instances.cc).
  [[nodiscard]] bool has_room_for_instance();
  [[nodiscard]] GuestSlot* free_slot();
  void attach(GuestRun& run, GuestSlot& slot);
  void detach(GuestRun& run);
  [[nodiscard]] GuestSlot* make_slot();  // Null when the process has no room.
  [[nodiscard]] std::unique_ptr<Guest> make_guest(GuestSlot& slot, std::uint64_t token);
  void discard(GuestSlot& slot);
  void discard_and_finish(GuestSlot& slot);
  void rest(GuestSlot& slot);
  void begin(GuestSlot& slot);
  void wake_slot_at(GuestSlot& slot, MonotonicTime deadline);
  void settle(GuestSlot& slot, const Guest::Slice& slice);
  void on_started(GuestSlot& slot, MonotonicTime now);
  void on_first_start(MonotonicTime now);
  void on_start_failed(GuestSlot& slot, std::string_view reason);
  void on_no_room(GuestSlot& slot);
  void on_returned(GuestSlot& slot);

  // Who is next, and who makes room (cage_relief.cc).
  [[nodiscard]] GuestRun* next_waiting();
  // Of `runs` and `best`, which may be null.
  [[nodiscard]] GuestRun* poorest_of(WaitingRuns& runs, GuestRun* best);
  // Instances that the account has room for, those that there are included.
  [[nodiscard]] std::uint64_t capacity() const;
  // Whether the body of the run, which is not complete, leaves enough instances to others.
  [[nodiscard]] bool may_await_body() const;
  void wait_for_instance(GuestRun& run);
  void wait_for_client(GuestRun& run);
  void client_moves(GuestRun& run);
  // From now on it is looked who has to make room, as long as others wait.
  void watch_pressure();
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool relieve(MonotonicTime now);
  struct Pressure;
  [[nodiscard]] GuestRun* whom_to_displace(MonotonicTime now);
  [[nodiscard]] GuestRun* costliest(const Pressure& pressure, MonotonicTime now);
  void on_relief(MonotonicTime now);

  // Faults (cage.cc).
  void fault(GuestSlot& slot, data::FaultKind kind, std::string_view reason);
  void recover();
  void on_recovered(MonotonicTime now);
  void on_deadline(MonotonicTime now);
  void finish_if_empty();

  // Runs (cage_runs.cc).
  // What the guest has written goes to its client.
  void seal(GuestRun& run);
  // The same, unless it may as well be joined by what comes next: see BodyChunk::kPartsOut.
  void seal_if_due(GuestRun& run);
  void return_request_chunk(GuestRun& run);
  void return_request_chunks(GuestRun& run);
  void tell(data::HopKind kind, GuestRun& run, data::RunOutcome outcome = data::RunOutcome::Done);
  void end_run(GuestRun& run, data::RunOutcome outcome);
  void end_unserved(GuestRun& run, data::RunOutcome outcome);
  void wake(GuestRun& run);
  void on_body(GuestRun& run);
  void on_wall(GuestRun& run);
  [[nodiscard]] bool over_cpu(GuestRun& run, MonotonicTime now);

  CageEnv& env_;
  SiteOnCore& site_on_core_;
  std::shared_ptr<const model::Site> site_;
  model::CagePlace place_;
  MemoryAccount account_;
  std::unique_ptr<GuestSource> source_;  // Of instances; null before the first spawn.

  model::CageState state_ = model::CageState::Initializing;
  std::uint64_t incarnation_ = 0;
  std::uint32_t credits_ = 0;
  std::uint32_t next_serial_ = 1;
  std::uint64_t instance_bytes_ = 0;  // What the last instance held when it had started.
  bool recovering_ = false;           // A successor is being made that did not finish in one slice.
  bool crash_pending_ = false;        // CRASHED by a fault that no credit has healed yet.
  data::CageFaulted crash_;           // That fault.
  MonotonicTime crashed_at_{};
  MonotonicTime spawned_at_{};

  Slots slots_;
  IdleSlots idle_;
  base::IntrusiveList<GuestRun, RunTag> runs_;         // Not yet released.
  base::IntrusiveList<GuestRun, WaitTag> waiting_;     // For an instance: there was no room.
  base::IntrusiveList<GuestRun, WaitTag> incomplete_;  // The same; their bodies are on their way.
  std::uint32_t in_flight_ = 0;                        // Not yet ended,
  std::uint32_t awaiting_bodies_ = 0;                  // of these with an instance.
  data::ClientCounts places_;                          // Of those in flight, by client,
  data::ClientCounts instances_;                       // and of those with an instance.
  io::Timer relief_ = io::Timer::calling<&Cage::on_relief>(*this);
  io::Timer deadline_ = io::Timer::calling<&Cage::on_deadline>(*this);  // Of terminate().
};

}  // namespace pear::cage
