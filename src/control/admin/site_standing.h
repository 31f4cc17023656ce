// SiteStanding: how a site stands, in one word and with the reason. It is the one truth that the
// log, /readyz, /status, and through them the banner and `pear status`, tell.
//
// Thread:  control thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "config/settings.h"
#include "control/supervisor/supervisor.h"

namespace pear::admin {

// What became of the component that the latest settings name for a site.
struct SiteVerdict {
  enum class Kind : std::uint8_t { Loading, Loaded, Refused, Quarantined };
  Kind kind = Kind::Loading;
  std::string reason = {};  // Of Refused and Quarantined: a sentence.
};

// A site of the latest settings. The settings and the verdict are borrowed.
struct WantedSite {
  SiteId id{};
  const config::SiteSettings* settings = nullptr;
  const SiteVerdict* verdict = nullptr;
};

struct SiteStanding {
  enum class State : std::uint8_t {
    Running,      // All its cages run.
    Degraded,     // Some do.
    Updating,     // A new version starts beside the one that serves.
    Compiling,    // Its component is read or compiled; there are no cages yet.
    Starting,     // No cage runs yet, and none has failed.
    Failing,      // No cage runs; some could not be started, which is tried again.
    Down,         // No cage runs, and all were given up: one is tried each minute.
    Refused,      // Its component cannot be run.
    Quarantined,  // Servers died of it.
  };
  std::string_view name;  // Borrowed from the settings.
  State state{};
  std::string reason;  // Why it is not served. Of one that is: why not in the version last wanted.
  const supervisor::SiteWatch* watch = nullptr;  // Null: the supervisor does not know it.

  [[nodiscard]] bool served() const { return state <= State::Updating; }
  // Whether waiting for it is of no use any more.
  [[nodiscard]] bool decided() const {
    return state != State::Compiling && state != State::Starting;
  }
};

// "running"
[[nodiscard]] std::string_view name(SiteStanding::State state);

[[nodiscard]] SiteStanding::State state_of(const supervisor::SiteWatch& site);
// `watch`: null where the supervisor does not know the site.
[[nodiscard]] SiteStanding::State state_of(const WantedSite& wanted,
                                           const supervisor::SiteWatch* watch);

// The wanted sites in their order, then those that are still served though nobody wants them.
[[nodiscard]] std::vector<SiteStanding> standings(const supervisor::Supervisor& supervisor,
                                                  std::span<const WantedSite> wanted);

// "all sites are served", "2 of 3 sites are served; not shop (refused: …)".
[[nodiscard]] std::string served_text(std::span<const SiteStanding> sites);

}  // namespace pear::admin
