// Report: what a load run says at its end: a text for people, JSON for programs.
//
// Several targets are measured in rounds, one after the other (ABAB...), so that what changes on
// the machine meanwhile meets all of them alike. A figure is the median of its rounds; a ratio is
// the median of the ratios within each round, against the first target.
//
// Thread: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/outcome.h"
#include "load/plan.h"
#include "load/process_usage.h"

namespace pear::load {

struct Round {
  Outcome outcome;
  // Of the server during the round: CPU time used, memory at the end. Absent where its process is
  // not known.
  std::optional<ProcessUsage> server;
};

struct Measured {
  std::string url;
  std::vector<Round> rounds;  // At least one.
  HttpVersion http = HttpVersion::Http1;
};

struct Report {
  Plan plan;                      // Of the first target; the others differ in target and version.
  std::vector<Measured> targets;  // At least one; all with the same number of rounds.
};

// One figure of a round. Absent: there is none (no answer, or no server process).
struct Metric {
  enum class Unit : std::uint8_t { PerSecond, Duration, Bytes, BytesPerSecond, Count, Micros };

  const char* key;    // In JSON.
  const char* label;  // For people.
  Unit unit;
  std::optional<double> (*value)(const Round&);  // Durations in nanoseconds.
};

[[nodiscard]] const std::vector<Metric>& metrics();

// The median over the rounds in which there is a figure. Absent where there is none at all.
[[nodiscard]] std::optional<double> median_of(const Metric& metric, const Measured& measured);

// The median over the rounds of measured / base. Absent where no round has both and base above 0.
[[nodiscard]] std::optional<double> median_ratio(const Metric& metric, const Measured& measured,
                                                 const Measured& base);

// The median of values; the mean of the two in the middle when their number is even.
[[nodiscard]] std::optional<double> median(std::vector<double> values);

[[nodiscard]] std::string to_text(const Report& report);
[[nodiscard]] std::string to_json(const Report& report);

// "512 us", "1.23 ms", "2.50 s": three digits that count.
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);
// "1,234,567".
[[nodiscard]] std::string count_text(std::uint64_t count);
// "12.3 MiB".
[[nodiscard]] std::string bytes_text(double bytes);

// Whether every answer of every round was as expected and every request was answered.
[[nodiscard]] bool is_clean(const Report& report);

}  // namespace pear::load
