// Worker: the part of a load run that one thread makes, on a reactor of its own.
//
// Closed loop: each connection has as many requests under way as the plan says, and sends the next
// when an answer is there. Open loop: each request is sent at the time that the schedule gave it,
// over a connection that has room or is new; where none is to be had it waits, and its wait counts
// as latency. A request that has waited for the whole timeout is counted as never sent.
//
// Thread: run() on the worker's own; what the constructor takes is immutable and outlives it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/reactor.h"
#include "load/load_connection.h"
#include "load/outcome.h"
#include "load/plan.h"
#include "load/precise_timer.h"
#include "load/schedule.h"
#include "load/tally.h"
#include "load/workload.h"

namespace pear::load {

// What all the workers of a run share.
struct RunSetup {
  const Plan& plan;
  const Workload& workload;
  const Schedule& schedule;
  WireOptions wires;
  LoadConnection::Options connection;
  MonotonicTime start;  // A moment ahead, so that all the threads are there.
};

class Worker final : private LoadConnection::Owner {
 public:
  // Of `setup`'s requests, those with index ≡ place (mod threads).
  Worker(const RunSetup& setup, std::uint32_t place);
  ~Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;

  // Returns when the run is over: at the latest its warm-up, duration and timeout, and a moment,
  // after its start. Errors: OsError (no descriptors left); those of WireKit::make().
  [[nodiscard]] Result<Outcome> run();

 private:
  void on_opened(LoadConnection& connection, Handshake handshake) override;
  void on_answered(LoadConnection& connection, const Exchange& exchange,
                   const Answer& answer) override;
  void on_failed(LoadConnection& connection, const Exchange& exchange, Failure failure) override;
  void on_not_processed(LoadConnection& connection, const Exchange& exchange) override;
  void on_room(LoadConnection& connection) override;
  void on_problem(std::string_view problem) override;

  void dispatch();
  void dispatch_closed_loop(MonotonicTime now);
  void dispatch_open_loop(MonotonicTime now);
  // Whether the closed loop sends one more.
  [[nodiscard]] bool may_start(MonotonicTime now) const;
  void start_next(LoadConnection& connection, MonotonicTime start, MonotonicTime now);
  void start(LoadConnection& connection, const Exchange& exchange);
  [[nodiscard]] Exchange next_exchange(MonotonicTime start);
  // Sends again what was not processed, as far as there is room.
  void send_again(MonotonicTime now);
  // Open loop: the one used last, a new one only when all are busy. Closed loop: in turns, so that
  // all are used. Null when none has room.
  [[nodiscard]] LoadConnection* with_room();
  void settle(LoadConnection& connection);
  void on_retry(MonotonicTime now);
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] MonotonicTime due(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t next_index() const { return place_ + started_ * step_; }

  const RunSetup& setup_;
  const std::uint32_t place_;
  const std::uint32_t step_;
  const CountedSpan span_;
  // Indices from this one on are not sent. Nothing: only time ends the run.
  const std::optional<std::uint64_t> index_end_;
  // Closed loop: how many of the counted ones this worker sends.
  const std::optional<std::uint64_t> counted_max_;

  Tally tally_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<PreciseTimer> timer_;
  io::Timer retry_;
  io::DeferredCall dispatch_call_;
  std::unique_ptr<WireKit> kit_;
  using Connections = base::IntrusiveList<LoadConnection, LoadConnection>;
  Connections open_;    // With room, in the order in which they are taken.
  Connections closed_;  // The same, of those that are not open.
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::deque<Exchange> again_;  // To be sent once more; in flight, as far as counts go.
  std::uint64_t started_ = 0;
  std::uint64_t counted_started_ = 0;
  std::uint64_t in_flight_ = 0;
};

}  // namespace pear::load
