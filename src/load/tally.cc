#include "load/tally.h"

#include <algorithm>
#include <utility>

namespace pear::load {

using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

bool is_success(std::uint16_t status) {
  return status >= 200 && status < 400;
}

}  // namespace

Tally::Tally(const Plan& plan, const CountedSpan& span)
    : span_(span),
      keeps_timeline_(plan.timeline),
      seconds_max_(static_cast<std::size_t>(
          std::chrono::ceil<seconds>(plan.bound.duration + plan.timeout).count() + 1)),
      latency_(std::make_unique<base::PreciseHistogram>()),
      last_done_(span.begin) {}

void Tally::count_answer(const Exchange& exchange, const Answer& answer) {
  if (!is_counted(exchange)) return;
  last_done_ = std::max(last_done_, answer.done);
  const nanoseconds latency = answer.done - exchange.start;
  latency_->record(latency);
  ++outcome_.answered;
  if (answer.done <= span_.end) ++outcome_.answered_in_time;
  ++outcome_.statuses[std::min<std::size_t>(answer.status / 100, 5)];
  outcome_.bytes_sent += answer.traffic.sent;
  outcome_.bytes_received += answer.traffic.received;
  outcome_.body_bytes += answer.body_bytes;
  if (Second* const second = second_at(answer.done)) {
    ++second->answered;
    second_latency_->record(latency);
  }
  if (const auto failure = mismatch_of(exchange, answer)) add_failure(exchange, *failure, answer);
}

std::optional<Failure> Tally::mismatch_of(const Exchange& exchange, const Answer& answer) const {
  const Expectation& expect = exchange.request->expect;
  if (expect.status ? answer.status != *expect.status : !is_success(answer.status)) {
    return Failure::WrongStatus;
  }
  if (expect.body && answer.body != expect.body) return Failure::WrongBody;
  return std::nullopt;
}

void Tally::count_failure(const Exchange& exchange, Failure failure, MonotonicTime now) {
  if (!is_counted(exchange)) return;
  last_done_ = std::max(last_done_, now);
  // Who waited in vain waited at least so long. To leave these out would make a server that hangs
  // look better than one that is slow.
  const bool waited = failure == Failure::TimedOut || failure == Failure::NeverSent ||
                      failure == Failure::Unreachable;
  const nanoseconds latency = now - exchange.start;
  if (waited) latency_->record(latency);
  add_failure(exchange, failure, {.done = now});
  if (waited && second_latency_) second_latency_->record(latency);
}

void Tally::add_failure(const Exchange& exchange, Failure failure, const Answer& answer) {
  ++outcome_.failures[static_cast<std::size_t>(failure)];
  const std::uint64_t line = exchange.request->line;
  outcome_.add_mismatch({.index = line != 0 ? line : exchange.index,
                         .failure = failure,
                         .status = answer.status,
                         .expected = exchange.request->expect,
                         .body = answer.body});
  if (Second* const second = second_at(answer.done)) ++second->failed;
}

void Tally::count_start(const Exchange& exchange, MonotonicTime now) {
  if (!is_counted(exchange)) return;
  const nanoseconds late = now - exchange.start;
  if (late > Outcome::kLateAfter) ++outcome_.late_starts;
  outcome_.late_max = std::max(outcome_.late_max, late);
}

Second* Tally::second_at(MonotonicTime now) {
  if (!keeps_timeline_) return nullptr;
  const auto index = static_cast<std::size_t>(
      std::max<std::int64_t>(std::chrono::floor<seconds>(now - span_.begin).count(), 0));
  const std::size_t wanted = std::min(index + 1, seconds_max_);
  if (outcome_.timeline.size() < wanted) {
    end_second();
    outcome_.timeline.resize(wanted);
    second_latency_ = std::make_unique<base::Histogram>();
  }
  return &outcome_.timeline.back();
}

void Tally::end_second() {
  if (!second_latency_) return;
  outcome_.timeline.back().latency = second_latency_->snapshot();
  second_latency_.reset();
}

Outcome Tally::finish(nanoseconds elapsed) {
  end_second();
  outcome_.latency = latency_->snapshot();
  outcome_.elapsed = elapsed;
  return std::move(outcome_);
}

}  // namespace pear::load
