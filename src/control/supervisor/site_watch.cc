// Versions, places and spawns. What the cages report is in site_reports.cc.
#include "control/supervisor/site_watch.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/core_command.h"

namespace pear::supervisor {
namespace {

RestartPolicy::Options policy_of(const config::HealSettings& heal) {
  return {
      .backoff_min = heal.backoff_min, .backoff_max = heal.backoff_max, .attempts = heal.attempts};
}

bool waits_for_first_answer(const Place& place) {
  return place.policy.failures() == 0 && (place.cage == nullptr || !place.cage->runs());
}

}  // namespace

std::uint32_t Generation::running() const {
  return static_cast<std::uint32_t>(std::ranges::count_if(
      places, [](const auto& place) { return place->cage != nullptr && place->cage->runs(); }));
}

SiteWatch::SiteWatch(SiteId id, Version version, Surroundings surroundings, MonotonicTime now)
    : id_(id), surroundings_(surroundings), current_{.version = std::move(version)} {
  for (std::uint32_t i = wanted_cages(current_.version); i > 0; --i) add_place(current_, now);
}

SiteWatch::~SiteWatch() {
  const auto forget = [&](const Generation& generation) {
    for (const auto& place : generation.places) {
      if (place->cage != nullptr) surroundings_.registry.forget(*place->cage);
    }
  };
  forget(current_);
  if (staged_) forget(*staged_);
  for (const auto& cage : leaving_) surroundings_.registry.forget(*cage);
}

const Version& SiteWatch::newest() const {
  return staged_ ? staged_->version : current_.version;
}

std::uint32_t SiteWatch::wanted_cages(const Version& version) const {
  const std::uint32_t cages = version.settings->cages;
  return cages == 0 ? surroundings_.registry.cores() : cages;
}

bool SiteWatch::is_staged(const Place& place) const {
  return staged_ && std::ranges::any_of(staged_->places,
                                        [&](const auto& staged) { return staged.get() == &place; });
}

// ---- Versions.

void SiteWatch::deploy(Version version, MonotonicTime now) {
  refusal_.clear();
  if (same_cages(current_.version, version)) {
    if (staged_) {
      end_generation(*staged_, now);
      staged_.reset();
    }
    adopt_settings(current_, std::move(version), now);
    return;
  }
  if (staged_ && same_cages(staged_->version, version)) {
    adopt_settings(*staged_, std::move(version), now);
    return;
  }
  stage(std::move(version), now);
}

void SiteWatch::restart(MonotonicTime now) {
  refusal_.clear();
  stage(newest(), now);
}

void SiteWatch::stage(Version version, MonotonicTime now) {
  if (staged_) end_generation(*staged_, now);
  staged_.emplace(Generation{.version = std::move(version)});
  for (std::uint32_t i = wanted_cages(staged_->version); i > 0; --i) add_place(*staged_, now);
  tell(log::Level::Info, "site_starting", nullptr,
       "a new version starts beside the one that serves");
  // Where nothing is left of the old version there is nothing to protect.
  const bool dead = std::ranges::all_of(current_.places, &Place::gave_up,
                                        [](const auto& place) -> const Place& { return *place; });
  if (dead) adopt_staged(now);
}

// The same cages under new settings: only their number, the checks and the backoff can differ.
void SiteWatch::adopt_settings(Generation& generation, Version version, MonotonicTime now) {
  const bool heal_changed = !(generation.version.settings->heal == version.settings->heal);
  generation.version = std::move(version);
  const std::uint32_t wanted = wanted_cages(generation.version);
  while (generation.places.size() > wanted) {
    end_cage(*generation.places.back(), now);
    generation.places.pop_back();
  }
  for (const auto& place : generation.places) {
    const config::HealSettings& heal = generation.version.settings->heal;
    if (heal_changed) place->policy = RestartPolicy(policy_of(heal));
    if (heal_changed && place->cage != nullptr) place->cage->check.start(heal.check, now);
    if (!place->gave_up) continue;
    place->gave_up = false;
    place->policy.on_spawn_succeeded();
    place->spawn_at = now;
  }
  while (generation.places.size() < wanted) add_place(generation, now);
  attend_generation(generation, now);
  surroundings_.commands.placements_changed();
}

void SiteWatch::settle_staged(MonotonicTime now) {
  if (!staged_) return;
  const bool all_answered =
      std::ranges::none_of(staged_->places, waits_for_first_answer,
                           [](const auto& place) -> const Place& { return *place; });
  if (staged_->running() == 0) {
    if (all_answered) abandon_staged(now);
    return;
  }
  if (!staged_->running_since) staged_->running_since = now;
  if (all_answered || now - *staged_->running_since >= kSwapGrace) adopt_staged(now);
}

void SiteWatch::adopt_staged(MonotonicTime now) {
  Generation old = std::exchange(current_, *std::exchange(staged_, std::nullopt));
  // Published first: no new request may meet a cage that ends.
  surroundings_.commands.placements_changed();
  end_generation(old, now);
  tell(log::Level::Info, "site_updated", nullptr, "the new version serves");
}

void SiteWatch::abandon_staged(MonotonicTime now) {
  refusal_ = "the new version could not be started: ";
  for (const auto& place : staged_->places) {
    if (place->cage == nullptr || place->cage->last_reason.empty()) continue;
    refusal_ += place->cage->last_reason;
    break;
  }
  end_generation(*staged_, now);
  staged_.reset();
  surroundings_.commands.placements_changed();
  tell(log::Level::Error, "site_update_failed", nullptr, refusal_);
}

// ---- Places.

void SiteWatch::add_place(Generation& generation, MonotonicTime now) {
  std::vector<CoreLoad> loads(surroundings_.registry.cores());
  for (std::size_t i = 0; i < loads.size(); ++i) {
    loads[i].of_all = surroundings_.registry.on_core(CoreId{static_cast<std::uint16_t>(i)});
  }
  for (const auto& place : generation.places)
    ++loads[static_cast<std::uint16_t>(place->core)].of_site;

  auto& place = *generation.places.emplace_back(std::make_unique<Place>(
      Place{.core = choose_core(loads),
            .policy = RestartPolicy(policy_of(generation.version.settings->heal))}));
  spawn(place, now);
}

void SiteWatch::spawn(Place& place, MonotonicTime now) {
  place.spawn_at.reset();
  if (place.cage != nullptr && place.cage->state == model::CageState::Crashed &&
      !place.cage->stuck) {
    place.cage->state = model::moved(place.cage->state, model::CageMove::Respawned);
  } else {
    if (place.cage != nullptr) end_cage(place, now);
    if (place.gave_up) place.policy.begin_probe();
    place.cage = surroundings_.registry.make(place.core, *this, place);
    surroundings_.commands.placements_changed();
  }
  Cage& cage = *place.cage;
  cage.spawned_at = now;
  cage.seen_crashed = false;
  cage.check.stop();
  surroundings_.commands.send(place.core,
                              data::SpawnCage{.cage = cage.id,
                                              .site = id_,
                                              .image = version_of(place).image,
                                              .recover_credits = cage.credits.on_spawn()});
}

// Leaves the place without a cage.
void SiteWatch::end_cage(Place& place, MonotonicTime now) {
  if (place.cage == nullptr) return;
  std::unique_ptr<Cage> cage = std::exchange(place.cage, nullptr);
  if (cage->state == model::CageState::Terminated) {
    surroundings_.registry.forget(*cage);
    return;
  }
  cage->place = nullptr;
  if (cage->lives()) {
    surroundings_.commands.placements_changed();
    const MonotonicTime deadline = now + surroundings_.drain;
    cage->state = model::moved(cage->state, model::CageMove::TerminateAsked);
    cage->end_by = deadline + kEndGrace;
    surroundings_.commands.send(cage->core,
                                data::TerminateCage{.cage = cage->id, .deadline = deadline});
  }
  leaving_.push_back(std::move(cage));
}

void SiteWatch::end_generation(Generation& generation, MonotonicTime now) {
  for (const auto& place : generation.places) end_cage(*place, now);
  generation.places.clear();
}

void SiteWatch::end(MonotonicTime now) {
  if (staged_) end_generation(*staged_, now);
  staged_.reset();
  end_generation(current_, now);
  tell(log::Level::Info, "site_removed", nullptr, "");
}

// The cage ends but its place stays: a new one comes at once, on the same core.
void SiteWatch::replace(Place& place, MonotonicTime now) {
  end_cage(place, now);
  spawn(place, now);
}

void SiteWatch::give_up(Place& place, std::string_view reason, MonotonicTime now) {
  Cage& cage = *place.cage;
  const bool known = std::exchange(place.gave_up, true);
  place.spawn_at = now + kProbePeriod;
  cage.state = model::moved(cage.state, model::CageMove::TerminateAsked);
  cage.end_by = now + kEndGrace;
  surroundings_.commands.placements_changed();
  surroundings_.commands.send(cage.core, data::TerminateCage{.cage = cage.id, .deadline = now});
  if (known) return;  // A probe that failed: said once is enough.
  tell(log::Level::Error, "cage_given_up", &cage, reason,
       {{"attempts", std::uint64_t{place.policy.failures()}}});
}

void SiteWatch::tell(log::Level level, std::string_view event, const Cage* cage,
                     std::string_view message, Fields fields) {
  log::Subject subject{.site = name()};
  if (cage != nullptr) subject.cage = cage->id;
  surroundings_.journal.record(
      {.level = level, .name = event, .subject = subject, .message = message},
      std::span(fields.begin(), fields.size()));
}

std::vector<Heal> SiteWatch::heals() const {
  std::vector<Heal> latest;
  const auto count = std::min<std::uint64_t>(heal_count_, kHealsMax);
  latest.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    latest.push_back(heals_[(heal_count_ - 1 - i) % kHealsMax]);
  }
  return latest;
}

}  // namespace pear::supervisor
