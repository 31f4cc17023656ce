#include "keeper/last_images.h"

#include <cstring>
#include <utility>

namespace pear::keeper {

std::size_t LastImages::place_of(base::SiteKey site) const {
  const std::size_t first = std::to_underlying(site) % kSitesMax;
  for (std::size_t step = 0; step < kSitesMax; ++step) {
    const std::size_t place = (first + step) % kSitesMax;
    const base::SiteKey there = entries_[place].site.load(std::memory_order_relaxed);
    if (there == site || there == base::SiteKey::None) return place;
  }
  return first;
}

void LastImages::remember(std::string_view site, const Digest& digest) {
  const base::SiteKey key = base::site_key(site);
  Entry& entry = entries_[place_of(key)];
  for (std::size_t i = 0; i < kWords; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, digest.data() + i * sizeof(word), sizeof(word));
    entry.digest[i].store(word, std::memory_order_relaxed);
  }
  entry.site.store(key, std::memory_order_release);
}

std::optional<LastImages::Digest> LastImages::find(std::string_view site) const {
  const base::SiteKey key = base::site_key(site);
  const Entry& entry = entries_[place_of(key)];
  if (entry.site.load(std::memory_order_acquire) != key) return std::nullopt;
  Digest digest{};
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::uint64_t word = entry.digest[i].load(std::memory_order_relaxed);
    std::memcpy(digest.data() + i * sizeof(word), &word, sizeof(word));
  }
  return digest;
}

}  // namespace pear::keeper
