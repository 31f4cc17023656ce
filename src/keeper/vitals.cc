#include "keeper/vitals.h"

#include <algorithm>

namespace pear::keeper {

void Vitals::begin(std::uint32_t number, std::size_t cores) {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  start.store(0, std::memory_order_release);
  for (base::VitalSigns& thread : threads) {
    thread.rest();
    thread.work_for(base::SiteKey::None, base::Activity::Loop);
    thread.thread_id.store(0, kRelaxed);
  }
  largest_site.store(base::SiteKey::None, kRelaxed);
  thread_count.store(static_cast<std::uint32_t>(kFirstCore + std::min(cores, kCoresMax)), kRelaxed);
  start.store(number, std::memory_order_release);
}

void Vitals::tell_quarantine(std::span<const QuarantinedSite> sites) {
  // Sites that find no room are served again by the next server. While it is written, nothing is
  // said: a death in between leaves things as they were.
  quarantine_start.store(0, std::memory_order_release);
  const std::size_t count = std::min(sites.size(), kQuarantineMax);
  for (std::size_t i = 0; i < count; ++i) {
    quarantine[i].site.store(sites[i].site, std::memory_order_relaxed);
    quarantine[i].component.store(sites[i].component, std::memory_order_relaxed);
  }
  quarantine_count.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
  quarantine_start.store(start.load(std::memory_order_relaxed), std::memory_order_release);
}

bool Vitals::is_of(std::uint32_t number) const {
  return start.load(std::memory_order_acquire) == number;
}

base::SiteKey Vitals::blame_of_crash(std::uint32_t number) const {
  if (crashed_start.load(std::memory_order_acquire) != number) return base::SiteKey::None;
  return blamed_site.load(std::memory_order_relaxed);
}

bool Vitals::read_quarantine(std::uint32_t number, std::vector<QuarantinedSite>& sites) const {
  if (quarantine_start.load(std::memory_order_acquire) != number) return false;
  sites.clear();
  const std::size_t count =
      std::min<std::size_t>(quarantine_count.load(std::memory_order_relaxed), kQuarantineMax);
  for (const Quarantined& entry : std::span(quarantine).first(count)) {
    const base::SiteKey site = entry.site.load(std::memory_order_relaxed);
    if (site == base::SiteKey::None) continue;
    sites.push_back({.site = site, .component = entry.component.load(std::memory_order_relaxed)});
  }
  return true;
}

}  // namespace pear::keeper
