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

// What a site shares with all the others.
struct Surroundings {
  CommandSink& commands;
  Journal& journal;
  CageRegistry& registry;
  std::chrono::milliseconds drain;
};

struct Place {
  CoreId core{};
  RestartPolicy policy;
  RestartPolicy unhealthy;     // Spaces replacements that the health path asks for.
  std::unique_ptr<Cage> cage;  // Null before its first spawn.
  std::optional<MonotonicTime> spawn_at;
  MonotonicTime replace_not_before{};  // For the health path.
  bool gave_up = false;                // Only probes are left.
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
  static constexpr std::chrono::seconds kProbePeriod{60};
  static constexpr std::chrono::seconds kSpawnMax{
      60};  // A cage that has not answered counts as failed.
  static constexpr std::chrono::milliseconds kSwapGrace{
      500};  // For the rest of a staged generation.
  static constexpr std::chrono::seconds kEndGrace{
      10};  // After its deadline, for a cage to be freed.
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

  // Does what is due. `core_silent` says of which cores no cage is to be judged.
  void on_time(MonotonicTime now, std::span<const bool> core_silent);
  void top_up_credits();

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

  [[nodiscard]] Generation make_generation(Version version, MonotonicTime now);
  [[nodiscard]] std::unique_ptr<Place> make_place(const Generation& generation, MonotonicTime now);
  void resize(MonotonicTime now);
  void spawn(Place& place, MonotonicTime now);
  void end_cage(Place& place, MonotonicTime now, std::chrono::milliseconds drain);
  void end_generation(Generation& generation, MonotonicTime now);
  void replace(Place& place, MonotonicTime now);
  void give_up(Place& place, std::string_view reason, MonotonicTime now);
  void settle_staged(MonotonicTime now);
  void adopt_staged(MonotonicTime now);
  void abandon_staged(MonotonicTime now);
  void attend(Place& place, MonotonicTime now, bool core_silent);
  void observe(Cage& cage, MonotonicTime now);
  void check(Place& place, MonotonicTime now);
  void forget_overdue(MonotonicTime now);
  void remember_heal(const Heal& heal);
  void tell(log::Level level, std::string_view event, const Cage* cage, std::string_view message,
            Fields fields = {});

  [[nodiscard]] const Generation& generation_of(const Place& place) const;
  [[nodiscard]] const Version& version_of(const Place& place) const {
    return generation_of(place).version;
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
