#include "base/log/log_shares.h"

#include <algorithm>

#include "base/assert.h"

namespace pear::log {

bool LogShares::admits(LineOwner owner) const {
  const auto kind = std::to_underlying(owner.kind);
  std::size_t limit = 0;
  std::size_t used = queued_;
  switch (owner.kind) {
    case LineKind::Event:
      return true;
    case LineKind::Access:
      limit = capacity_ / 8 * 7;
      break;
    case LineKind::Guest:
      limit = capacity_ / 2;
      used = queued_by_kind_[kind];
      break;
  }
  const std::size_t room = limit > used ? limit - used : 0;
  const std::size_t place = place_of(owner);
  const std::size_t own = place < sites_.size() ? sites_[place].queued[kind] : 0;
  return own < 2 * room;
}

LogShares::OfSite& LogShares::of_site(LineOwner owner) {
  const std::size_t place = place_of(owner);
  if (place >= sites_.size()) sites_.resize(place + 1);
  return sites_[place];
}

void LogShares::add(LineOwner owner, std::size_t bytes) {
  const auto kind = std::to_underlying(owner.kind);
  of_site(owner).queued[kind] += bytes;
  queued_by_kind_[kind] += bytes;
  queued_ += bytes;
}

void LogShares::remove(LineOwner owner, std::size_t bytes) {
  const auto kind = std::to_underlying(owner.kind);
  std::size_t& own = of_site(owner).queued[kind];
  PEAR_ASSERT(own >= bytes && queued_ >= bytes, "a line leaves the channel as it came");
  own -= bytes;
  queued_by_kind_[kind] -= bytes;
  queued_ -= bytes;
}

void LogShares::count_drop(LineOwner owner, std::string_view site_name) {
  OfSite& site = of_site(owner);
  const auto is_zero = [](std::uint64_t lines) { return lines == 0; };
  if (std::ranges::all_of(site.lost, is_zero)) unreported_.push_back(place_of(owner));
  ++site.lost[std::to_underlying(owner.kind)];
  if (site.name.empty()) site.name = site_name;
}

std::optional<LogShares::Loss> LogShares::take_loss() {
  while (!unreported_.empty()) {
    OfSite& site = sites_[unreported_.back()];
    for (std::size_t kind = 0; kind < kLineKinds; ++kind) {
      const std::uint64_t lines = std::exchange(site.lost[kind], 0);
      if (lines == 0) continue;
      return Loss{.site_name = site.name, .kind = static_cast<LineKind>(kind), .lines = lines};
    }
    unreported_.pop_back();
  }
  return std::nullopt;
}

}  // namespace pear::log
