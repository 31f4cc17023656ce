// Death: what a server died of, and whose fault that was, of what the keeper saw. A decision.
//
// SIGKILL does not say who sent it: the keeper itself, because the server hung; the kernel, for
// want of memory; or somebody outside, who had a reason that is none of a site's.
//
// Thread:  a value.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/vital_signs.h"
#include "keeper/exit_cause.h"

namespace pear::keeper {

struct Death {
  enum class Kind : std::uint8_t {
    Ended,    // By itself, with an exit code, though nobody had told it to.
    Crashed,  // By a signal of its own doing, or by one that somebody sent instead of SIGKILL.
    Hung,     // The keeper killed it for a thread that stood still,
    Stopped,  // or because somebody had stopped it.
    Memory,   // The kernel killed it for want of memory.
    Outside,  // Somebody killed it.
    Unknown,  // Killed by whom, this machine does not tell.
  };
  Kind kind{};
  base::SiteKey blamed{};  // None: nobody.

  bool operator==(const Death&) const = default;
};

// A sentence for the log.
[[nodiscard]] std::string_view to_text(Death::Kind kind);

// What may be known of a server that has ended.
struct DeathSigns {
  ExitCause cause;
  bool stopped = false;         // The keeper killed it for that,
  bool hung = false;            // The keeper killed it for that,
  base::SiteKey hung_for{};     // while the thread worked for this site.
  base::SiteKey crashed_for{};  // What its handler of crash signals wrote down.
  base::SiteKey largest{};      // The site that had the most memory.
  // Whether the kernel has lately killed one of our processes for want of memory.
  enum class MemoryKills : std::uint8_t { Unknown, None, Some };
  MemoryKills memory_kills = MemoryKills::Unknown;
};
[[nodiscard]] Death judge(const DeathSigns& signs);

}  // namespace pear::keeper
