// LastImages: which component each site last ran with, in memory that outlives the servers. A
// server that takes the place of one that died serves with it, from the image cache, where the
// component's file is gone or broken by then.
//
// Zeroes are a valid start. What a server left half written when it died is a digest that no image
// has.
//
// Thread: remember() on one thread; find() on any.
// Limits: kSitesMax sites; a further one takes the place of another.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/vital_signs.h"

namespace pear::keeper {

class LastImages {
 public:
  static constexpr std::size_t kSitesMax = 1'024;
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256 of the component.

  void remember(std::string_view site, const Digest& digest);
  [[nodiscard]] std::optional<Digest> find(std::string_view site) const;

 private:
  static constexpr std::size_t kWords = 4;
  struct Entry {
    std::atomic<base::SiteKey> site{};
    std::array<std::atomic<std::uint64_t>, kWords> digest{};
  };

  // That of the site, or where it would be: the first free one behind its place, else that.
  [[nodiscard]] std::size_t place_of(base::SiteKey site) const;

  std::array<Entry, kSitesMax> entries_{};
};

}  // namespace pear::keeper
