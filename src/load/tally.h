// Tally: counts what comes of the exchanges of one thread, and checks them against what is
// expected.
//
// Thread: core-local.
// Memory: 250 KiB, and 8 KiB for each second of a timeline.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/histogram.h"
#include "base/time.h"
#include "load/load_connection.h"
#include "load/outcome.h"
#include "load/plan.h"

namespace pear::load {

// What part of a run counts.
struct CountedSpan {
  MonotonicTime begin;  // What starts before it is warm-up.
  MonotonicTime end;    // What is answered after it was not in time.
};

class Tally {
 public:
  Tally(const Plan& plan, const CountedSpan& span);

  void count_answer(const Exchange& exchange, const Answer& answer);
  // At `now`: when the failure was found.
  void count_failure(const Exchange& exchange, Failure failure, MonotonicTime now);
  // In an open loop, when a request is sent.
  void count_start(const Exchange& exchange, MonotonicTime now);
  void count_connection(Handshake handshake) {
    ++outcome_.connections_opened;
    ++outcome_.handshakes[static_cast<std::size_t>(handshake)];
  }
  void count_held(std::uint64_t connections) { outcome_.held = connections; }
  void count_sent_again() { ++outcome_.sent_again; }
  // The first is kept. It lives as long as the program.
  void note_problem(std::string_view problem) {
    if (outcome_.problem.empty()) outcome_.problem = problem;
  }

  // What was counted, with `elapsed` as its time. Once, at the end.
  [[nodiscard]] Outcome finish(std::chrono::nanoseconds elapsed);

  // When the last exchange ended; the begin where none did.
  [[nodiscard]] MonotonicTime last_done() const { return last_done_; }

 private:
  [[nodiscard]] bool is_counted(const Exchange& exchange) const {
    return exchange.start >= span_.begin;
  }
  [[nodiscard]] std::optional<Failure> mismatch_of(const Exchange& exchange,
                                                   const Answer& answer) const;
  void add_failure(const Exchange& exchange, Failure failure, const Answer& answer);
  // The second of the timeline that is `now`; null where none is kept.
  Second* second_at(MonotonicTime now);
  void end_second();

  const CountedSpan span_;
  const bool keeps_timeline_;
  const std::size_t seconds_max_;
  Outcome outcome_;
  const std::unique_ptr<base::PreciseHistogram> latency_;
  std::unique_ptr<base::Histogram> second_latency_;  // Of the last second of the timeline.
  MonotonicTime last_done_;
};

}  // namespace pear::load
