// Counters: what the cores count and the control plane shows.
//
// Thread: each counter has one writer, the core that it belongs to, and any number of readers.
// Memory: made by control when a site first appears, kept for as long as the process lives.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/ids.h"
#include "model/cage_state.h"
#include "model/memory_kinds.h"
#include "model/refusals.h"

namespace pear::model {

// A count that one thread writes. Addition is a plain load and store: no locked instruction.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One site on one core.
struct SiteCounters {
  std::array<Counter, 6> responses;  // By class: [1] 1xx … [5] 5xx; [0] ended without a status.
  Counter request_bytes;
  Counter response_bytes;
  Counter queue_full;     // 503: no place within the bound.
  Counter queue_timeout;  // 503: no place within the time.
  Counter shed;           // 503: those before it wait too long for the CPU already.
  std::array<Counter, kRequestLimits.size()> rate_limited;  // 429, by RequestLimit.
  // When the oldest of the requests that wait for their first CPU time on this core came (0: none
  // waits), as MonotonicTime has it.
  Counter waits_since_ns;
  // Of the clients whose requests wait for a place on this core: the one that has the fewest, by
  // Exchange::client_hash. 0: none waits.
  Counter poorest_waiting;
  Counter displaced;              // Requests that made room for others of clients that have less.
  std::array<Counter, 6> faults;  // By data::FaultKind.
  Counter recovered;
  Counter guest_cpu_ns;
  Counter instances_made;
  Counter log_lines_dropped;     // Of its guests.
  Counter access_lines_dropped;  // Found no room.
  base::Histogram latency;       // Head complete → last byte handed to the kernel.
  base::Histogram queue_wait;    // Head complete → guest's first slice.
  base::Histogram heal;          // Fault → successor RUNNING.
};

// One cage; written by its core.
struct CageCounters {
  std::atomic<CageState> state{CageState::Initializing};
  std::atomic<std::uint64_t> incarnation{0};
  Counter in_flight;
  Counter served;
  Counter faults;
  Counter instances;
  Counter memory_bytes;
};

// One core.
struct CoreCounters {
  Counter connections_open;
  Counter connections_accepted;
  Counter accept_paused;        // EMFILE, or connections_max.
  Counter connections_retired;  // Idle ones that made room for others.
  std::array<Counter, kConnectionRefusals.size()> connections_refused;  // By ConnectionRefusal.
  std::array<Counter, kMemoryKinds.size()> memory_bytes;  // By MemoryKind; now and then.
  Counter client_bytes;                                   // Of all that is charged to clients.
  Counter memory_ended;      // Requests that ended since too much was held for their clients.
  Counter limits_forgotten;  // Clients' rates that gave way to others before they could.
  Counter protocol_errors;   // Requests refused by the parser.
  Counter tls_handshakes;    // Completed,
  Counter tls_resumed;       // of these with a ticket,
  Counter tls_failures;      // and those that failed.
  std::array<Counter, 16> http2_offences;  // By http2::Offence.
  std::array<Counter, 8> http3_offences;   // By http3::Offence.
  Counter quic_handshakes;                 // Completed; of tls_handshakes.
  Counter quic_datagrams;                  // Received,
  Counter quic_handed_over;                // of these for another core,
  Counter quic_dropped;                    // and those that nobody could use.
  Counter quic_datagrams_unsent;           // The kernel did not take them.
  Counter quic_retries;                    // Retry packets sent,
  Counter quic_resets;                     // stateless resets,
  Counter quic_versions;                   // and version negotiations.
  Counter quic_migrations;                 // Clients that moved to another address.
  Counter timeouts;        // Connections ended by a header, body, idle or write timeout.
  Counter turns;           // Of the event loop.
  Counter events_dropped;  // CoreEvents that found their queue full.
  Counter log_lines_dropped;
  Counter tick_late_ns;  // The ticker's lateness, longest seen.
};

// A site's counters on all the cores, and those of its cages.
struct SiteMetrics {
  std::string name;
  std::vector<std::unique_ptr<SiteCounters>> by_core;  // Never null.
};

}  // namespace pear::model
