// ControlLoop: what it shows of itself and of its sites, and when its start is over.
#include <algorithm>

#include "control/admin/site_totals.h"
#include "control/control_loop.h"
#include "io/tls/server_contexts.h"

namespace pear::control {

std::vector<admin::WantedSite> ControlLoop::wanted() const {
  std::vector<admin::WantedSite> out;
  if (loading_ == nullptr) return out;
  for (std::size_t i = 0; i < loading_->ids.size(); ++i) {
    out.push_back({.id = loading_->ids[i],
                   .settings = &loading_->settings->sites[i],
                   .verdict = &loading_->verdicts[i]});
  }
  return out;
}

bool ControlLoop::all_decided() const {
  if (loading_ == nullptr) return false;
  if (reactor_.now() - loading_->begun_at >= kStartMax) return true;
  return std::ranges::all_of(wanted(), [&](const admin::WantedSite& site) {
    const auto found = supervisor_.sites().find(site.id);
    const auto* const watch = found == supervisor_.sites().end() ? nullptr : found->second.get();
    return admin::SiteStanding{.state = admin::state_of(site, watch)}.decided();
  });
}

std::vector<admin::SiteStanding> ControlLoop::standings() const {
  return admin::standings(supervisor_, wanted());
}

// Handshakes are refused until there is a certificate that can be used.
bool ControlLoop::https_refused() const {
  return certificates_ != nullptr && certificates_->sets().empty();
}

bool ControlLoop::ready() const {
  const auto runs = [](const auto& entry) { return entry.second->ready(); };
  return !drain_by_ && start_over_ && !https_refused() && supervisor_.all_cores_turn() &&
         std::ranges::any_of(supervisor_.sites(), runs);
}

admin::AdminView ControlLoop::view() const {
  return {.version = options_.version,
          .started_at = started_at_,
          .now = reactor_.now(),
          .draining = drain_by_.has_value(),
          .ready = ready(),
          .https_refused = https_refused(),
          .sites = standings(),
          .supervisor = supervisor_,
          .metrics = tables_.metrics(),
          .cores = counters_,
          .certificates = certificates_.get()};
}

// What is of use once this process has died: what the sites ran with, and which of them held the
// most memory, for when it is that. While memory grows fast this is looked at often.
void ControlLoop::note_for_the_next() {
  std::uint64_t largest = 0;
  base::SiteKey key{};
  for (const auto& [id, site] : supervisor_.sites()) {
    const auto& image = site->current().version.image;
    if (image != nullptr && site->ready()) images_.remember(site->name(), *image);
    const std::uint64_t bytes = admin::cage_totals(*site).memory_bytes;
    if (bytes <= largest) continue;
    largest = bytes;
    key = base::site_key(site->name());
  }
  if (largest > largest_bytes_ + kGrowsFast) busy_at_ = reactor_.now();
  largest_bytes_ = largest;
  if (largest_site_ != nullptr) largest_site_->store(key, std::memory_order_relaxed);
}

}  // namespace pear::control
