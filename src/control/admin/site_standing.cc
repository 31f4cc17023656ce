#include "control/admin/site_standing.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace pear::admin {
namespace {

using State = SiteStanding::State;
using supervisor::Place;
using supervisor::SiteWatch;

constexpr std::array<std::string_view, 9> kNames{"running",   "degraded", "updating",
                                                 "compiling", "starting", "failing",
                                                 "down",      "refused",  "quarantined"};

// What the first of its cages that could not be started says.
std::string why_not_running(const SiteWatch& site) {
  for (const auto& place : site.current().places) {
    if (place->cage != nullptr && !place->cage->last_reason.empty()) {
      return place->cage->last_reason;
    }
  }
  return "no cage is running";
}

std::string reason_of(State state, const WantedSite* wanted, const SiteWatch* watch) {
  switch (state) {
    case State::Compiling:
      return "its component is being compiled";
    case State::Starting:
      return "its first cage is being started";
    case State::Failing:
    case State::Down:
      return why_not_running(*watch);
    case State::Running:
    case State::Degraded:
    case State::Updating:
    case State::Refused:
    case State::Quarantined:
      break;
  }
  if (wanted != nullptr && !wanted->verdict->reason.empty()) return wanted->verdict->reason;
  return watch == nullptr ? std::string() : std::string(watch->refusal());
}

}  // namespace

std::string_view name(State state) {
  return kNames[static_cast<std::size_t>(state)];
}

State state_of(const SiteWatch& site) {
  const std::uint32_t running = site.current().running();
  const auto& places = site.current().places;
  if (running > 0 && site.staged() != nullptr) return State::Updating;
  if (running > 0) return running == places.size() ? State::Running : State::Degraded;
  const auto gave_up = [](const auto& place) { return place->gave_up; };
  if (!places.empty() && std::ranges::all_of(places, gave_up)) return State::Down;
  const auto failed = [](const auto& place) {
    return place->gave_up || place->policy.failures() > 0 ||
           (place->cage != nullptr && place->cage->last_fault);
  };
  return std::ranges::any_of(places, failed) ? State::Failing : State::Starting;
}

State state_of(const WantedSite& wanted, const SiteWatch* watch) {
  if (wanted.verdict->kind == SiteVerdict::Kind::Quarantined) return State::Quarantined;
  if (watch != nullptr) return state_of(*watch);
  return wanted.verdict->kind == SiteVerdict::Kind::Refused ? State::Refused : State::Compiling;
}

std::vector<SiteStanding> standings(const supervisor::Supervisor& supervisor,
                                    std::span<const WantedSite> wanted) {
  std::vector<SiteStanding> out;
  std::set<SiteId> told;
  for (const WantedSite& site : wanted) {
    const auto found = supervisor.sites().find(site.id);
    const SiteWatch* const watch =
        found == supervisor.sites().end() ? nullptr : found->second.get();
    const State state = state_of(site, watch);
    out.push_back({.name = site.settings->name,
                   .state = state,
                   .reason = reason_of(state, &site, watch),
                   .watch = watch});
    told.insert(site.id);
  }
  for (const auto& [id, watch] : supervisor.sites()) {
    if (told.contains(id)) continue;
    const State state = state_of(*watch);
    out.push_back({.name = watch->name(),
                   .state = state,
                   .reason = reason_of(state, nullptr, watch.get()),
                   .watch = watch.get()});
  }
  return out;
}

std::string served_text(std::span<const SiteStanding> sites) {
  constexpr std::size_t kNamedMax = 10;
  const auto served = static_cast<std::size_t>(std::ranges::count_if(sites, &SiteStanding::served));
  if (served == sites.size()) return "all sites are served";
  std::string out = fmt::format("{} of {} sites are served; not", served, sites.size());
  std::size_t named = 0;
  for (const SiteStanding& site : sites) {
    if (site.served()) continue;
    if (named == kNamedMax) {
      out += fmt::format(", and {} more", sites.size() - served - named);
      break;
    }
    out += fmt::format("{} {} ({}: {})", named == 0 ? "" : ",", site.name, name(site.state),
                       site.reason);
    ++named;
  }
  return out;
}

}  // namespace pear::admin
