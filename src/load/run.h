// Run: a whole load run, from its plan to its outcome; and rounds of several.
//
// Thread: blocks the caller; starts the plan's threads and waits for them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "io/socket_address.h"
#include "load/digest.h"
#include "load/outcome.h"
#include "load/plan.h"
#include "load/report.h"

namespace pear::load {

// Finds the address of a place; names are looked up, IPv4 first.
// Errors: NotFound      the name has no address.
//         InvalidInput  the address is not this machine's own, and `reach` does not allow that.
[[nodiscard]] Result<io::SocketAddress> resolve(const Detour::Place& place, Reach reach);

struct TargetToMeasure {
  std::string url;
  Plan plan;
  std::optional<int> server_pid;  // Whose CPU time and memory to read.
};

// Told as a run goes on: what the command shows of it.
class RunWatcher {
 public:
  // Before each measurement.
  virtual void on_round(std::uint32_t round, const TargetToMeasure& target) = 0;
  // Of a hold: all connections have had their answer, so many are open. On any thread of the run.
  virtual void on_all_open(std::uint64_t connections) = 0;

 protected:
  ~RunWatcher() = default;
};

// Makes the load. `plan` has no problems_in(). `make_digest` may be null where nothing expects the
// SHA-256 of a body.
// Errors: those of resolve(); InvalidInput  the request cannot be written, or a body is to be
//         checked and there is no digest; LimitExceeded  more connections than this process may
//         have descriptors; OsError.
[[nodiscard]] Result<Outcome> run_load(const Plan& plan, MakeDigest make_digest,
                                       RunWatcher* watcher = nullptr);

// Measures the targets one after the other, `rounds` times: AB, BA, AB ...
// Errors: those of run_load(); NotFound  a server process that is not there.
[[nodiscard]] Result<Report> run_rounds(std::span<const TargetToMeasure> targets,
                                        std::uint32_t rounds, MakeDigest make_digest,
                                        RunWatcher* watcher = nullptr);

}  // namespace pear::load
