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

// A server that says again and again that it has not processed a request does not want it.
constexpr std::uint32_t kSentAgainMax = 10;

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
  WireOptions wires = setup_.wires;
  wires.connections = count;
  kit_ = PEAR_TRY(WireKit::make(*reactor_, wires));
  connections_.reserve(count);
  LoadConnection::Owner& owner = *this;
  for (std::uint64_t i = 0; i < count; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*kit_, owner, setup_.connection));
    settle(*connections_.back());
  }

  timer_->arm(setup_.start);
  while (!is_over()) reactor_->turn();

  // Where the requests ran out, the run was over with the last of them; else at its planned end.
  const bool is_counted_out = setup_.plan.bound.requests || setup_.workload.size();
  const bool ran_out = is_counted_out && !may_start(span_.begin);
  const MonotonicTime end = ran_out ? std::min(tally_.last_done(), span_.end) : span_.end;
  connections_.clear();
  kit_.reset();
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
  send_again(now);
  while (may_start(now)) {
    LoadConnection* const connection = with_room();
    if (connection == nullptr) return;
    start_next(*connection, now, now);
  }
}

void Worker::dispatch_open_loop(MonotonicTime now) {
  send_again(now);
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
    LoadConnection* const connection = with_room();
    if (connection == nullptr) {
      timer_->arm(start + setup_.plan.timeout);
      return;
    }
    start_next(*connection, start, now);
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

void Worker::start_next(LoadConnection& connection, MonotonicTime start_time, MonotonicTime now) {
  const Exchange exchange = next_exchange(start_time);
  if (setup_.schedule.is_open_loop()) tally_.count_start(exchange, now);
  ++in_flight_;
  start(connection, exchange);
}

void Worker::start(LoadConnection& connection, const Exchange& exchange) {
  connection.start(exchange);
  settle(connection);
}

void Worker::send_again(MonotonicTime now) {
  while (!again_.empty()) {
    if (again_.front().deadline <= now) {
      --in_flight_;
      tally_.count_failure(again_.front(), Failure::TimedOut, now);
    } else if (LoadConnection* const connection = with_room()) {
      start(*connection, again_.front());
    } else {
      return;
    }
    again_.pop_front();
  }
}

void Worker::on_opened(LoadConnection& connection, Handshake handshake) {
  tally_.count_connection(handshake);
  on_room(connection);
}

void Worker::on_answered(LoadConnection& connection, const Exchange& exchange,
                         const Answer& answer) {
  --in_flight_;
  tally_.count_answer(exchange, answer);
  settle(connection);
  if (setup_.schedule.is_open_loop()) {
    // What waits for a connection waits no longer.
    const bool waits =
        !again_.empty() || (next_index() < *index_end_ && due(next_index()) <= answer.done);
    if (waits) reactor_->defer(dispatch_call_);
    return;
  }
  if (!again_.empty() || connection.room() == 0) {
    reactor_->defer(dispatch_call_);
  } else if (may_start(answer.done)) {
    start_next(connection, answer.done, answer.done);
  }
}

void Worker::on_failed(LoadConnection& connection, const Exchange& exchange, Failure failure) {
  --in_flight_;
  tally_.count_failure(exchange, failure, io::now());
  settle(connection);
  const bool waits = failure == Failure::Refused || failure == Failure::Unreachable ||
                     failure == Failure::Handshake;
  if (waits && !setup_.schedule.is_open_loop()) {
    if (!retry_.armed()) reactor_->timers().arm(retry_, reactor_->now() + kRetryAfter);
  } else {
    reactor_->defer(dispatch_call_);
  }
}

void Worker::on_not_processed(LoadConnection& connection, const Exchange& exchange) {
  settle(connection);
  if (exchange.sent_again == kSentAgainMax)
    return on_failed(connection, exchange, Failure::Rejected);
  tally_.count_sent_again();
  again_.push_back(exchange);
  ++again_.back().sent_again;
  reactor_->defer(dispatch_call_);
}

void Worker::on_room(LoadConnection& connection) {
  settle(connection);
  // While connections are refused, those that are free wait for the retry.
  if (!retry_.armed()) reactor_->defer(dispatch_call_);
}

void Worker::on_problem(std::string_view problem) {
  tally_.note_problem(problem);
}

void Worker::on_retry(MonotonicTime) {
  dispatch();
}

LoadConnection* Worker::with_room() {
  const bool open_first = setup_.schedule.is_open_loop();
  Connections& first = open_first ? open_ : closed_;
  Connections& second = open_first ? closed_ : open_;
  for (Connections* const list : {&first, &second}) {
    while (LoadConnection* const connection = list->front()) {
      if (connection->room() > 0) return connection;
      // It is closing since: it comes back when it has closed.
      connection->unlink();
    }
  }
  return nullptr;
}

void Worker::settle(LoadConnection& connection) {
  connection.unlink();
  if (connection.room() == 0) return;
  Connections& list = connection.is_open() ? open_ : closed_;
  if (setup_.schedule.is_open_loop()) {
    list.push_front(connection);
  } else {
    list.push_back(connection);
  }
}

MonotonicTime Worker::due(std::uint64_t index) const {
  return setup_.start + setup_.schedule.due(index);
}

}  // namespace pear::load
