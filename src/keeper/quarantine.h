// Quarantine: which sites the next server leaves out, because servers died of them. A decision,
// told the time.
//
// One death may be anybody's fault, ours included, and the next server serves as the one before.
// The second death within `window` that is blamed on the same site leaves that site out: its
// requests are answered 503, and all others are served. It comes back when an operator says so, or
// with another component; the server that leaves it out sees to that.
//
// Thread: a value, owned by the keeper.
// Limits: kSitesMax sites are left out, and so many deaths are remembered; the oldest goes first.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "base/time.h"
#include "keeper/vitals.h"

namespace pear::keeper {

class Quarantine {
 public:
  struct Options {
    std::chrono::seconds window{60};
    std::size_t deaths = 2;  // At least 1.
  };
  static constexpr std::size_t kSitesMax = Vitals::kQuarantineMax;

  Quarantine() = default;
  explicit Quarantine(const Options& options) : options_(options) {}

  // The sites that the server that died had left out, which may be fewer than it was told: those
  // that are missing were given another chance.
  void adopt(std::span<const QuarantinedSite> left_out);
  // A server died of `site`; never None. True: it is left out from now on.
  [[nodiscard]] bool on_death(base::SiteKey site, MonotonicTime now);

  [[nodiscard]] std::span<const QuarantinedSite> sites() const { return sites_; }

 private:
  struct Death {
    base::SiteKey site{};
    MonotonicTime at{};
  };

  Options options_;
  std::vector<Death> deaths_;  // The latest last.
  std::vector<QuarantinedSite> sites_;
};

}  // namespace pear::keeper
