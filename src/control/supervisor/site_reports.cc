// SiteWatch: what the cages report, what they do not, and what becomes due.
#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "control/supervisor/site_watch.h"
#include "data/core_command.h"

namespace pear::supervisor {
namespace {

using model::CageMove;
using model::CageState;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

std::uint64_t micros(std::chrono::nanoseconds time) {
  return static_cast<std::uint64_t>(
      std::max(duration_cast<microseconds>(time), microseconds{}).count());
}

// Until then a report may still be under way.
constexpr std::chrono::seconds kReportMax{5};

}  // namespace

// ---- Reports.

void SiteWatch::on_started(Cage& cage, const data::CageStarted& event, MonotonicTime now) {
  started(cage, event, now);
  settle_staged(now);
}

void SiteWatch::on_spawn_failed(Cage& cage, std::string_view reason, MonotonicTime now) {
  spawn_failed(cage, reason, now);
  settle_staged(now);
}

void SiteWatch::on_faulted(Cage& cage, const data::CageFaulted& event, MonotonicTime now) {
  faulted(cage, event, now);
  settle_staged(now);
}

void SiteWatch::started(Cage& cage, const data::CageStarted& event, MonotonicTime now) {
  if (cage.place == nullptr || cage.state != CageState::Initializing) return;  // Known, or it ends.
  Place& place = *cage.place;
  cage.state = model::moved(cage.state, CageMove::Started);
  cage.incarnation = event.incarnation;
  cage.credits.on_started(event.incarnation);
  cage.check.start(version_of(place).settings->heal.check, now);
  place.policy.on_spawn_succeeded();
  place.gave_up = false;
  tell(log::Level::Info, "cage_started", &cage, "",
       {{"incarnation", static_cast<std::uint64_t>(event.incarnation)},
        {"took_us", micros(event.took)}});
  if (cage.crashed_at) {
    const Heal heal{.at = now,
                    .cage = cage.id,
                    .kind = cage.last_fault.value_or(data::FaultKind::Lost),
                    .took = now - *std::exchange(cage.crashed_at, std::nullopt)};
    note_heal(cage, heal);
  }
}

void SiteWatch::spawn_failed(Cage& cage, std::string_view reason, MonotonicTime now) {
  if (cage.place == nullptr || cage.state != CageState::Initializing) return;
  Place& place = *cage.place;
  cage.state = model::moved(cage.state, CageMove::SpawnFailed);
  cage.last_reason = reason;
  const Decision decision = place.policy.on_spawn_failed(now);
  if (const auto* retry = std::get_if<RetryAt>(&decision)) {
    place.spawn_at = retry->when;
    tell(log::Level::Warning, "cage_spawn_failed", &cage, reason,
         {{"attempts", std::uint64_t{place.policy.failures()}},
          {"retry_us", micros(retry->when - now)}});
  } else {
    give_up(place, reason, now);
  }
}

void SiteWatch::faulted(Cage& cage, const data::CageFaulted& event, MonotonicTime now) {
  if (!cage.lives()) return;
  PEAR_ASSERT(cage.place != nullptr, "a cage that lives has a place");
  // Reports that were dropped are made up for: only a cage that runs can fault.
  if (cage.state == CageState::Initializing) started(cage, {.cage = cage.id}, now);
  if (cage.state == CageState::Crashed) cage.state = model::moved(cage.state, CageMove::Recovered);

  cage.state = model::moved(cage.state, CageMove::Faulted);
  cage.last_fault = event.kind;
  cage.last_reason = event.reason;
  tell_fault(cage, event);
  if (event.recovered) {
    cage.state = model::moved(cage.state, CageMove::Recovered);
    cage.incarnation = event.incarnation;
    note_heal(cage, {.at = now, .cage = cage.id, .kind = event.kind, .took = event.heal});
    return;
  }
  cage.crashed_at = now;
  spawn(*cage.place, now);
}

void SiteWatch::tell_fault(const Cage& cage, const data::CageFaulted& event) {
  const std::array fields{log::Field{"kind", data::name(event.kind)},
                          log::Field{"recovered", event.recovered},
                          log::Field{"heal_us", micros(event.heal)}};
  log::Subject subject{.site = name(), .cage = cage.id};
  if (event.exchange != ExchangeId{}) subject.exchange = event.exchange;
  surroundings_.journal.record({.level = log::Level::Warning,
                                .name = "cage_faulted",
                                .subject = subject,
                                .message = event.reason},
                               fields);
}

void SiteWatch::note_heal(const Cage& cage, const Heal& heal) {
  heals_[heal_count_++ % kHealsMax] = heal;
  const milliseconds deadline = current_.version.settings->heal.deadline;
  if (heal.took <= deadline) return;
  tell(log::Level::Warning, "heal_late", &cage, "a cage was healed later than its deadline",
       {{"heal_us", micros(heal.took)}, {"deadline_us", micros(deadline)}});
}

void SiteWatch::on_alive(Cage& cage, const data::CageAlive& event, MonotonicTime now) {
  cage.check.on_answer(event.nonce, event.healthy);
  replace_if_unhealthy(cage, now);
}

// A path that fails for another reason than the cage must not keep the site from serving: one cage
// at a time is replaced, and each place no more often than the longest backoff.
void SiteWatch::replace_if_unhealthy(Cage& cage, MonotonicTime now) {
  if (!cage.check.unhealthy() || cage.place == nullptr || !cage.runs()) return;
  Place& place = *cage.place;
  const Generation& generation = is_staged(place) ? *staged_ : current_;
  const milliseconds pause = version_of(place).settings->heal.backoff_max;
  if (place.replaced_at && now - *place.replaced_at < pause) return;
  if (generation.running() < generation.places.size()) return;
  place.replaced_at = now;
  tell(log::Level::Warning, "cage_unhealthy", &cage, "its health path failed: it is replaced");
  replace(place, now);
}

void SiteWatch::on_ended(Cage& cage) {
  if (cage.state != CageState::Terminating) return;
  cage.state = model::moved(cage.state, CageMove::Ended);
  tell(log::Level::Debug, "cage_ended", &cage, "");
  if (cage.place != nullptr) return;  // Given up: shown until a probe takes its place.
  surroundings_.registry.forget(cage);
  std::erase_if(leaving_, [&](const auto& leaving) { return leaving.get() == &cage; });
}

// ---- Time.

void SiteWatch::on_time(MonotonicTime now) {
  attend_generation(current_, now);
  if (staged_) attend_generation(*staged_, now);
  settle_staged(now);
  forget_overdue(now);
}

// Places are only added and removed by deploy(), never while this runs over them.
void SiteWatch::attend_generation(Generation& generation, MonotonicTime now) {
  for (const auto& place : generation.places) attend(*place, now);
}

void SiteWatch::attend(Place& place, MonotonicTime now) {
  if (place.spawn_at && now >= *place.spawn_at) {
    spawn(place, now);
    return;
  }
  if (place.cage == nullptr) return;
  Cage& cage = *place.cage;
  switch (cage.state) {
    case CageState::Initializing:
      attend_start(cage, now);
      return;
    case CageState::Running:
      if (crash_unreported(cage)) {
        faulted(cage,
                {.cage = cage.id, .kind = data::FaultKind::Lost, .reason = "its report was lost"},
                now);
        return;
      }
      top_up(cage);
      check(place, now);
      return;
    case CageState::Terminating:  // Given up.
      if (cage.counters->state.load(std::memory_order_relaxed) == CageState::Terminated ||
          now >= cage.end_by) {
        on_ended(cage);
      }
      return;
    case CageState::Crashed:
    case CageState::Terminated:
      PEAR_ASSERT(place.spawn_at.has_value(), "a place without a living cage waits for its spawn");
      return;
  }
}

// Of a start whose report does not come, the counters say whether it was lost on its way.
void SiteWatch::attend_start(Cage& cage, MonotonicTime now) {
  if (now - cage.spawned_at < kReportMax) return;
  const auto seen = cage.counters->state.load(std::memory_order_relaxed);
  if (seen == CageState::Running) {
    const Incarnation incarnation{cage.counters->incarnation.load(std::memory_order_relaxed)};
    started(cage, {.cage = cage.id, .incarnation = incarnation}, now);
    return;
  }
  if (now - cage.spawned_at < kSpawnMax) return;
  // What may still come of it is of no use: another cage takes its place when the policy says so.
  const CoreHearing::Silence silence = surroundings_.hearing.since(cage.core, cage.spawned_at);
  if (silence.silent) return;
  cage.stuck = true;
  spawn_failed(cage, "the cage did not start within 60 s", now);
}

void SiteWatch::top_up(Cage& cage) {
  const Incarnation incarnation{cage.counters->incarnation.load(std::memory_order_relaxed)};
  const std::uint32_t credits = cage.credits.top_up(incarnation);
  if (credits == 0) return;
  surroundings_.commands.send(cage.core, data::GrantRecovery{.cage = cage.id, .credits = credits});
}

void SiteWatch::check(Place& place, MonotonicTime now) {
  Cage& cage = *place.cage;
  switch (cage.check.on_time(now)) {
    case LifeCheck::Verdict::Nothing:
      return;
    case LifeCheck::Verdict::Ask:
      surroundings_.commands.send(cage.core,
                                  data::CheckCage{.cage = cage.id,
                                                  .nonce = cage.check.nonce(),
                                                  .path = version_of(place).settings->heal.path});
      return;
    case LifeCheck::Verdict::Lost:
      break;
  }
  const CoreHearing::Silence silence =
      surroundings_.hearing.since(cage.core, cage.check.asked_at());
  if (silence.newly) {
    tell(log::Level::Error, "core_silent", nullptr,
         "the core's loop stands still: none of its cages serves",
         {{"silent_core", std::uint64_t{static_cast<std::uint16_t>(cage.core)}}});
  }
  if (silence.silent) return;
  if (!version_of(place).settings->heal.path.empty()) {
    // The path runs through the guest and may wait behind other requests: slow is not lost.
    cage.check.on_answer(cage.check.nonce(), false);
    replace_if_unhealthy(cage, now);
    return;
  }
  cage.last_fault = data::FaultKind::Lost;
  cage.last_reason = "it gave no proof of life";
  tell(log::Level::Error, "cage_lost", &cage, "it gave no proof of life: another takes its place");
  const MonotonicTime asked_at = cage.check.asked_at();
  replace(place, now);
  place.cage->crashed_at = asked_at;
  place.cage->last_fault = data::FaultKind::Lost;
}

// Whether the cage lay crashed at two questions in a row: the report of that must have been
// dropped.
bool SiteWatch::crash_unreported(Cage& cage) {
  const bool crashed = cage.counters->state.load(std::memory_order_relaxed) == CageState::Crashed;
  return std::exchange(cage.seen_crashed, crashed) && crashed;
}

// Cages whose end was not reported.
void SiteWatch::forget_overdue(MonotonicTime now) {
  std::erase_if(leaving_, [&](const std::unique_ptr<Cage>& cage) {
    const auto seen = cage->counters->state.load(std::memory_order_relaxed);
    if (seen != CageState::Terminated && now < cage->end_by) return false;
    // One that was told to end before its core had made it says nothing.
    const bool made = cage->counters->incarnation.load(std::memory_order_relaxed) != 0;
    if (seen != CageState::Terminated && made) {
      tell(log::Level::Error, "cage_overdue", cage.get(), "its core did not report its end");
    }
    surroundings_.registry.forget(*cage);
    return true;
  });
}

// ---- Cores.

bool CoreHearing::on_heard(CoreId core, MonotonicTime now) {
  Core& entry = cores_[static_cast<std::uint16_t>(core)];
  entry.heard_at = now;
  return std::exchange(entry.silent, false);
}

CoreHearing::Silence CoreHearing::since(CoreId core, MonotonicTime asked_at) {
  Core& entry = cores_[static_cast<std::uint16_t>(core)];
  if (entry.heard_at > asked_at) return {};
  const bool was_silent = std::exchange(entry.silent, true);
  return {.silent = true, .newly = !was_silent};
}

bool CoreHearing::silent(CoreId core) const {
  return cores_[static_cast<std::uint16_t>(core)].silent;
}

bool CoreHearing::any_silent() const {
  return std::ranges::any_of(cores_, &Core::silent);
}

}  // namespace pear::supervisor
