// ProcessUsage: what a server process and its descendants have used so far, from /proc.
//
// Source: proc(5): /proc/PID/stat (ppid, utime, stime, cutime, cstime) and /proc/PID/statm. The
// time
//         of a child is read while it lives, and found in cutime and cstime of its parent once it
//         has ended. Descendants are found by their parents' ids: /proc/PID/task/TID/children is
//         not in every kernel.
// Thread: any; reads files, so not on a core.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace pear::load {

struct ProcessUsage {
  std::chrono::microseconds cpu{};  // User and system, in steps of one clock tick (10 ms).
  Bytes resident;                   // Of all processes; a page that two share counts twice.
  std::uint32_t processes = 0;
};

// Errors: NotFound  no such process, or it has ended.
[[nodiscard]] Result<ProcessUsage> read_process_usage(int pid);

// What counts of one line of /proc/PID/stat.
struct ProcessStat {
  int parent = 0;
  std::uint64_t ticks = 0;  // Of the process and of the children that it has waited for.
};

// Absent where the text is not of that form.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view stat);

}  // namespace pear::load
