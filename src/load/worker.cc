#include "load/worker.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"
#include "io/clock.h"

namespace pear::load {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// Between two tries of a connection that was refused: a server that is down is not to be flooded.
constexpr milliseconds kRetryAfter{10};

CountedSpan span_of(const RunSetup& setup) {
  const MonotonicTime begin = setup.start + setup.plan.warm_up;
  return {.begin = begin, .end = begin + setup.plan.bound.duration};
}

// In an open loop the schedule says how many requests there are; a list ends by itself.
std::optional<std::uint64_t> index_end_of(const RunSetup& setup) {
  const Bound& bound = setup.plan.bound;
  std::optional<std::uint64_t> end = setup.workload.size();
  if (end && bound.requests) end = std::min(*end, *bound.requests);
  if (!setup.schedule.is_open_loop()) return end;
  const nanoseconds warm_up = setup.plan.warm_up;
  std::uint64_t due = setup.schedule.due_before(warm_up + nanoseconds(bound.duration));
  if (bound.requests) {
    due = std::min(due, setup.schedule.due_before(warm_up) + *bound.requests);
  }
  return std::min(end.value_or(due), due);
}

// One of `of` nearly equal parts of a whole.
std::uint64_t part_of(std::uint64_t whole, std::uint32_t place, std::uint32_t of) {
  return whole / of + (place < whole % of ? 1 : 0);
}

std::optional<std::uint64_t> counted_max_of(const RunSetup& setup, std::uint32_t place) {
  if (setup.schedule.is_open_loop() || !setup.plan.bound.requests) return std::nullopt;
  return part_of(*setup.plan.bound.requests, place, setup.plan.threads);
}

}  // namespace

Worker::Worker(const RunSetup& setup, std::uint32_t place)
    : setup_(setup),
      place_(place),
      step_(setup.plan.threads),
      span_(span_of(setup)),
      index_end_(index_end_of(setup)),
      counted_max_(counted_max_of(setup, place)),
      tally_(setup.plan, span_),
      retry_(io::Timer::calling<&Worker::on_retry>(*this)),
      dispatch_call_(io::DeferredCall::calling<&Worker::dispatch>(*this)) {}

Result<Outcome> Worker::run() {
  reactor_ = PEAR_TRY(io::Reactor::open());
  timer_ = PEAR_TRY(PreciseTimer::open(
      *reactor_, this, [](void* worker) { static_cast<Worker*>(worker)->dispatch(); }));
  const std::uint64_t count = part_of(setup_.plan.connections, place_, step_);
  connections_.reserve(count);
  closed_free_.reserve(count);
  open_free_.reserve(count);
  LoadConnection::Owner& owner = *this;
  for (std::uint64_t i = 0; i < count; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*reactor_, owner, setup_.connection));
    closed_free_.push_back(connections_.back().get());
  }

  timer_->arm(setup_.start);
  while (!is_over()) reactor_->turn();

  // Where the requests ran out, the run was over with the last of them; else at its planned end.
  const bool is_counted_out = setup_.plan.bound.requests || setup_.workload.size();
  const bool ran_out = is_counted_out && !may_start(span_.begin);
  const MonotonicTime end = ran_out ? std::min(tally_.last_done(), span_.end) : span_.end;
  connections_.clear();
  timer_.reset();
  return tally_.finish(end - span_.begin);
}

bool Worker::is_over() const {
  if (in_flight_ > 0) return false;
  if (index_end_ && next_index() >= *index_end_) return true;
  if (counted_max_ && counted_started_ >= *counted_max_) return true;
  return !setup_.schedule.is_open_loop() && io::now() >= span_.end;
}

void Worker::dispatch() {
  const MonotonicTime now = io::now();
  if (now < setup_.start) return;
  if (setup_.schedule.is_open_loop()) {
    dispatch_open_loop(now);
  } else {
    dispatch_closed_loop(now);
  }
}

void Worker::dispatch_closed_loop(MonotonicTime now) {
  // Wakes the loop at the end, for connections that wait for a retry.
  timer_->arm(span_.end);
  // Only those that are free now: one that fails at once is free again, and would be tried for
  // ever.
  for (std::size_t left = open_free_.size() + closed_free_.size(); left > 0; --left) {
    if (!may_start(now)) return;
    start_next(*take_free(), now, now);
  }
}

void Worker::dispatch_open_loop(MonotonicTime now) {
  std::size_t left = open_free_.size() + closed_free_.size();
  while (next_index() < *index_end_) {
    const MonotonicTime start = due(next_index());
    if (start > now) {
      timer_->arm(start);
      return;
    }
    if (start + setup_.plan.timeout <= now) {
      tally_.count_failure(next_exchange(start), Failure::NeverSent, now);
      continue;
    }
    // The next answer, or the end of its patience, brings us here again.
    if (left == 0) {
      if (in_flight_ == 0) reactor_->defer(dispatch_call_);
      timer_->arm(start + setup_.plan.timeout);
      return;
    }
    --left;
    start_next(*take_free(), start, now);
  }
}

bool Worker::may_start(MonotonicTime now) const {
  if (now >= span_.end) return false;
  if (index_end_ && next_index() >= *index_end_) return false;
  return !counted_max_ || counted_started_ < *counted_max_;
}

Exchange Worker::next_exchange(MonotonicTime start) {
  const std::uint64_t index = next_index();
  ++started_;
  if (start >= span_.begin) ++counted_started_;
  return {.index = index,
          .request = &setup_.workload.at(index),
          .start = start,
          .deadline = start + setup_.plan.timeout};
}

void Worker::start_next(LoadConnection& connection, MonotonicTime start, MonotonicTime now) {
  const Exchange exchange = next_exchange(start);
  if (setup_.schedule.is_open_loop()) tally_.count_start(exchange, now);
  ++in_flight_;
  connection.start(exchange);
}

void Worker::on_opened() {
  tally_.count_connection();
}

void Worker::on_answered(LoadConnection& connection, const Exchange& exchange,
                         const Answer& answer) {
  --in_flight_;
  tally_.count_answer(exchange, answer);
  if (setup_.schedule.is_open_loop()) {
    set_free(connection);
    // What waits for a connection waits no longer.
    if (next_index() < *index_end_ && due(next_index()) <= answer.done) {
      reactor_->defer(dispatch_call_);
    }
    return;
  }
  if (may_start(answer.done)) {
    start_next(connection, answer.done, answer.done);
  } else {
    set_free(connection);
  }
}

void Worker::on_failed(LoadConnection& connection, const Exchange& exchange, Failure failure) {
  --in_flight_;
  tally_.count_failure(exchange, failure, io::now());
  set_free(connection);
  // Not here: a refusal can come within start(), and the next one within the next start().
  const bool waits = failure == Failure::Refused || failure == Failure::Unreachable;
  if (waits && !setup_.schedule.is_open_loop()) {
    if (!retry_.armed()) reactor_->timers().arm(retry_, reactor_->now() + kRetryAfter);
  } else {
    reactor_->defer(dispatch_call_);
  }
}

void Worker::on_closed_idle(LoadConnection& connection) {
  const auto place = std::ranges::find(open_free_, &connection);
  PEAR_ASSERT(place != open_free_.end(), "an idle connection that is open stands in this list");
  open_free_.erase(place);
  closed_free_.push_back(&connection);
}

void Worker::on_retry(MonotonicTime) {
  dispatch();
}

LoadConnection* Worker::take_free() {
  std::vector<LoadConnection*>& from = open_free_.empty() ? closed_free_ : open_free_;
  if (from.empty()) return nullptr;
  LoadConnection* const connection = from.back();
  from.pop_back();
  return connection;
}

void Worker::set_free(LoadConnection& connection) {
  (connection.is_open() ? open_free_ : closed_free_).push_back(&connection);
}

MonotonicTime Worker::due(std::uint64_t index) const {
  return setup_.start + setup_.schedule.due(index);
}

}  // namespace pear::load
