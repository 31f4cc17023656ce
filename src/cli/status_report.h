// StatusReport: what the admin listener's /status says, as far as `pear status` shows it.
//
// Thread: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "cli/text_file.h"

namespace pear::cli {

struct SiteStatus {
  std::string name;
  std::string state;
  std::string refused_update;  // Why the last deployment was not taken; usually empty.
  std::string reason;          // Why it is not served; usually empty.
  std::uint64_t total = 0;     // Cages.
  std::uint64_t healthy = 0;
  std::uint64_t crashed = 0;
  std::uint64_t initializing = 0;
  std::uint64_t requests = 0;  // Since the start.
  std::uint64_t faults = 0;
  double p99_ms = 0;
  // The latest one.
  std::optional<double> heal_ms;
  double heal_ago_ms = 0;
  std::string heal_fault;
};

struct StatusReport {
  std::string version;
  double uptime_ms = 0;
  bool ready = false;
  bool draining = false;
  bool https_refused = false;
  std::vector<SiteStatus> sites;
};

// The problem is a sentence for people. What is missing counts as empty: versions may differ.
[[nodiscard]] Told<StatusReport> parse_status(std::string_view text);

// The table, with the rate of requests between the two reports.
[[nodiscard]] std::string status_text(const StatusReport& before, const StatusReport& now,
                                      const Terminal& terminal);

}  // namespace pear::cli
