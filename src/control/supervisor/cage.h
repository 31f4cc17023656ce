// Cage: what the supervisor knows of one cage, and CageRegistry: all of them by id.
//
// The state here is what the cage's reports add up to. It may lag behind the core's own, never
// contradict the one table (model/cage_state.h); what a dropped report would have said is read from
// the cage's counters at the next check.
//
// Thread:  control thread; the counters are the core's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "config/settings.h"
#include "control/supervisor/life_check.h"
#include "control/supervisor/placement.h"
#include "control/supervisor/recovery_credits.h"
#include "data/core_event.h"
#include "model/cage_state.h"
#include "model/counters.h"

namespace pear::engine {
class Image;
}

namespace pear::supervisor {

class SiteWatch;
struct Place;

// What the cages of a site are made from.
struct Version {
  std::shared_ptr<const config::SiteSettings> settings;  // Never null.
  std::shared_ptr<const engine::Image> image;            // Never null but in tests.
  std::string digest;                                    // Names the image.
};

// Whether cages of `running` can go on under `wanted`: what they were made from is the same.
[[nodiscard]] bool same_cages(const Version& running, const Version& wanted);

struct Cage {
  CageId id{};
  CoreId core{};
  SiteWatch* site = nullptr;  // Owns it.
  Place* place = nullptr;     // Owns it; null once the cage has been told to end and was moved out.
  std::shared_ptr<model::CageCounters> counters;

  model::CageState state = model::CageState::Initializing;
  Incarnation incarnation{};
  RecoveryCredits credits;
  LifeCheck check;
  MonotonicTime spawned_at{};
  bool stuck = false;                       // It never answered its spawn: another takes its place.
  bool seen_crashed = false;                // At the last check, by its counters.
  std::optional<MonotonicTime> crashed_at;  // Until its successor runs.
  MonotonicTime end_by{};                   // While TERMINATING: when its core must have freed it.
  std::optional<data::FaultKind> last_fault;
  std::string last_reason;

  [[nodiscard]] bool runs() const { return state == model::CageState::Running; }
  // Whether it may take requests now or after it has healed.
  [[nodiscard]] bool lives() const {
    return state != model::CageState::Terminating && state != model::CageState::Terminated;
  }
};

class CageRegistry {
 public:
  explicit CageRegistry(std::uint32_t cores) : on_core_(cores) {}

  // A new cage with an id that was never used. The registry only knows it; the caller owns it.
  [[nodiscard]] std::unique_ptr<Cage> make(CoreId core, SiteWatch& site, Place& place);
  void forget(const Cage& cage);
  [[nodiscard]] Cage* find(CageId id) const;

  [[nodiscard]] std::uint32_t cores() const { return static_cast<std::uint32_t>(on_core_.size()); }
  // Cages of all sites on the core, those that end included.
  [[nodiscard]] std::uint32_t on_core(CoreId core) const {
    return on_core_[static_cast<std::uint16_t>(core)];
  }

 private:
  std::unordered_map<CageId, Cage*> cages_;  // Borrowed from their sites.
  std::vector<std::uint32_t> on_core_;
  std::uint32_t last_id_ = 0;
};

}  // namespace pear::supervisor
