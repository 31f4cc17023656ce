// Balance: which cage of a site should take the next request.
//
// A pure choice among the cages that run and have a place. What it is told of cages on other cores
// may be a little old; the cage itself has the last word.
//
// Source: smooth weighted round-robin as nginx has it; rendezvous hashing (Thaler, Ravishankar
// 1998). Thread: core-local; one for each site and core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/settings.h"

namespace pear::pool {

struct Candidate {
  bool available = false;    // RUNNING, and below max_concurrent_requests.
  bool local = false;        // On this core.
  std::uint32_t load = 0;    // Requests in flight.
  std::uint32_t weight = 1;  // 1 or more.
};

class Balance {
 public:
  // What a request on another core must gain: with least-connected such a cage is chosen when it
  // has so many requests fewer than the best one here, or when this core is behind with its guests.
  static constexpr std::uint32_t kHopCost = 16;

  struct Situation {
    bool core_is_behind = false;    // Guests of this core have been waiting for more than 1 ms.
    std::uint64_t client_hash = 0;  // For "sticky".
  };

  // The place of the chosen cage in `cages`; nothing when none is available.
  [[nodiscard]] std::optional<std::size_t> choose(config::Balance balance,
                                                  std::span<const Candidate> cages,
                                                  const Situation& situation);

 private:
  [[nodiscard]] std::optional<std::size_t> least_connected(std::span<const Candidate> cages,
                                                           const Situation& situation);
  [[nodiscard]] std::optional<std::size_t> round_robin(std::span<const Candidate> cages);
  [[nodiscard]] std::optional<std::size_t> weighted(std::span<const Candidate> cages);

  std::size_t next_ = 0;
  std::vector<std::int64_t> current_weights_;
};

}  // namespace pear::pool
