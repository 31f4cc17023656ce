// SiteWatch: keeps the cages of one site alive and changes their version without a gap.
//
// A site has places, as many as it wants cages. A place has its core, its attempts and, mostly, a
// cage. While a new version starts there are two generations of places: the one that serves and the
// staged one beside it. The staged one takes over once it has a running cage and the rest of it has
// had its chance; where none of it can be made it is given up, and the old one stays.
//
// Thread:  control thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/supervisor/cage.h"
#include "control/supervisor/command_sink.h"
#include "control/supervisor/restart_policy.h"
#include "data/core_event.h"

namespace pear::supervisor {

// When each core was last heard of. A core whose loop has not turned since a question was put to
// one of its cages is silent: then its cages are not judged, and the core is reported.
class CoreHearing {
 public:
  explicit CoreHearing(std::uint32_t cores) : cores_(cores) {}

  // True when the core had been silent.
  [[nodiscard]] bool on_heard(CoreId core, MonotonicTime now);
  // Whether the core is silent, given that it was asked then. True in `newly` the first time.
  struct Silence {
    bool silent = false;
    bool newly = false;
  };
  [[nodiscard]] Silence since(CoreId core, MonotonicTime asked_at);
  [[nodiscard]] bool silent(CoreId core) const;
  [[nodiscard]] bool any_silent() const;

 private:
  struct Core {
    MonotonicTime heard_at{};
    bool silent = false;
  };
  std::vector<Core> cores_;
};

// What a site shares with all the others.
struct Surroundings {
  CommandSink& commands;
  Journal& journal;
  CageRegistry& registry;
  CoreHearing& hearing;
  std::chrono::milliseconds drain;
};

struct Place {
  CoreId core{};
  RestartPolicy policy;
  std::unique_ptr<Cage> cage;                // Null before its first spawn.
  std::optional<MonotonicTime> spawn_at;     // When to spawn, or respawn, or probe.
  std::optional<MonotonicTime> replaced_at;  // Because its health path failed.
  bool gave_up = false;                      // Only probes are left.
};

struct Generation {
  Version version;
  std::vector<std::unique_ptr<Place>> places;
  std::optional<MonotonicTime> running_since;  // Its first running cage.

  [[nodiscard]] std::uint32_t running() const;
};

// A fault that was healed, for the status.
struct Heal {
  MonotonicTime at{};
  CageId cage{};
  data::FaultKind kind{};
  std::chrono::nanoseconds took{};
};

class SiteWatch {
 public:
  // Of a place that was given up: one spawn each.
  static constexpr std::chrono::seconds kProbePeriod{60};
  // A cage that has not answered its spawn by then counts as failed.
  static constexpr std::chrono::seconds kSpawnMax{60};
  // For the rest of a staged generation, once its first cage runs.
  static constexpr std::chrono::milliseconds kSwapGrace{500};
  // For a core to free a cage, after the deadline of its requests.
  static constexpr std::chrono::seconds kEndGrace{10};
  static constexpr std::size_t kHealsMax = 8;

  SiteWatch(SiteId id, Version version, Surroundings surroundings, MonotonicTime now);
  ~SiteWatch();
  SiteWatch(const SiteWatch&) = delete;
  SiteWatch& operator=(const SiteWatch&) = delete;

  void deploy(Version version, MonotonicTime now);
  void restart(MonotonicTime now);
  // Ends all the cages. over() once they have ended.
  void end(MonotonicTime now);

  void on_started(Cage& cage, const data::CageStarted& event, MonotonicTime now);
  void on_spawn_failed(Cage& cage, std::string_view reason, MonotonicTime now);
  void on_faulted(Cage& cage, const data::CageFaulted& event, MonotonicTime now);
  void on_alive(Cage& cage, const data::CageAlive& event, MonotonicTime now);
  void on_ended(Cage& cage);

  // Does what is due.
  void on_time(MonotonicTime now);

  [[nodiscard]] SiteId id() const { return id_; }
  [[nodiscard]] std::string_view name() const { return current_.version.settings->name; }
  [[nodiscard]] bool over() const {
    return current_.places.empty() && !staged_ && leaving_.empty();
  }
  [[nodiscard]] const Generation& current() const { return current_; }
  [[nodiscard]] const Generation* staged() const { return staged_ ? &*staged_ : nullptr; }
  [[nodiscard]] std::span<const std::unique_ptr<Cage>> leaving() const { return leaving_; }
  // The version that new cages are made from.
  [[nodiscard]] const Version& newest() const;
  [[nodiscard]] bool ready() const { return current_.running() > 0; }
  // The latest first.
  [[nodiscard]] std::vector<Heal> heals() const;
  // Why the last version that was wanted is not the one that serves; empty when it is.
  [[nodiscard]] std::string_view refusal() const { return refusal_; }

 private:
  using Fields = std::initializer_list<log::Field>;

  void stage(Version version, MonotonicTime now);
  [[nodiscard]] std::uint32_t wanted_cages(const Version& version) const;
  void add_place(Generation& generation, MonotonicTime now);
  void spawn(Place& place, MonotonicTime now);
  void end_cage(Place& place, MonotonicTime now);
  void end_generation(Generation& generation, MonotonicTime now);
  void replace(Place& place, MonotonicTime now);
  void give_up(Place& place, std::string_view reason, MonotonicTime now);
  void settle_staged(MonotonicTime now);
  void adopt_staged(MonotonicTime now);
  void adopt_settings(Generation& generation, Version version, MonotonicTime now);
  void abandon_staged(MonotonicTime now);
  void attend(Place& place, MonotonicTime now);
  void attend_generation(Generation& generation, MonotonicTime now);
  void top_up(Cage& cage);
  void attend_start(Cage& cage, MonotonicTime now);
  [[nodiscard]] static bool crash_unreported(Cage& cage);
  void check(Place& place, MonotonicTime now);
  void replace_if_unhealthy(Cage& cage, MonotonicTime now);
  void forget_overdue(MonotonicTime now);
  void started(Cage& cage, const data::CageStarted& event, MonotonicTime now);
  void spawn_failed(Cage& cage, std::string_view reason, MonotonicTime now);
  void faulted(Cage& cage, const data::CageFaulted& event, MonotonicTime now);
  void note_heal(const Cage& cage, const Heal& heal);
  void tell_fault(const Cage& cage, const data::CageFaulted& event);
  void tell(log::Level level, std::string_view event, const Cage* cage, std::string_view message,
            Fields fields = {});

  [[nodiscard]] bool is_staged(const Place& place) const;
  [[nodiscard]] const Version& version_of(const Place& place) const {
    return is_staged(place) ? staged_->version : current_.version;
  }

  SiteId id_;
  Surroundings surroundings_;
  Generation current_;
  std::optional<Generation> staged_;
  std::vector<std::unique_ptr<Cage>> leaving_;
  std::array<Heal, kHealsMax> heals_{};
  std::uint64_t heal_count_ = 0;
  std::string refusal_;
};

}  // namespace pear::supervisor
