// LogShares: who may have how much of one thread's log channel, so that one site's lines do not
// push out another's, and no guest's output an access line.
//
// A line is queued while its site has less of its kind in the channel than twice the room that is
// left for that kind (dynamic thresholds): a site that is alone may use two thirds of it, of many
// that are loud each gets the same, and one that is quiet always finds room.
//
//   guests' output   all sites together: half of the channel
//   access lines     what is not in use of seven eighths of the channel
//   events           the whole channel
//
// Source: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches",
//         IEEE/ACM Transactions on Networking 6(2), 1998.
// Thread: the producer of the channel.
// Memory: a few words for each site that has ever logged here; allocated at its first line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace pear::log {

enum class LineKind : std::uint8_t { Event, Access, Guest };
inline constexpr std::size_t kLineKinds = 3;

// Whose share a line takes.
struct LineOwner {
  LineKind kind = LineKind::Event;
  std::optional<SiteId> site;  // None: lines that are about no site share one place.
};

class LogShares {
 public:
  // `capacity`: bytes of the channel.
  explicit LogShares(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool admits(LineOwner owner) const;
  // A line of so many bytes is in the channel, and has left it again.
  void add(LineOwner owner, std::size_t bytes);
  void remove(LineOwner owner, std::size_t bytes);

  // A line was lost. `site_name` is for what is said of it.
  void count_drop(LineOwner owner, std::string_view site_name);
  // Whether there are losses to be told now: at once at first, later once a second.
  [[nodiscard]] bool has_due(WallTime now) const {
    return !unreported_.empty() && (now < told_at_ || now - told_at_ >= kPeriod);
  }
  struct Loss {
    std::string_view site_name;  // Lives until the next call of add() or count_drop().
    LineKind kind{};
    std::uint64_t lines = 0;
  };
  // The next of those losses, which counts as told then.
  [[nodiscard]] std::optional<Loss> take_loss();
  // All of them have been told.
  void end_report(WallTime now) { told_at_ = now; }

  // As one word, for the record in the channel.
  [[nodiscard]] static std::uint32_t tag_of(LineOwner owner) {
    const std::uint32_t place = owner.site ? std::to_underlying(*owner.site) + 1 : 0;
    return place << 2U | std::to_underlying(owner.kind);
  }
  [[nodiscard]] static LineOwner owner_of(std::uint32_t tag) {
    LineOwner owner{.kind = static_cast<LineKind>(tag & 3U), .site = {}};
    if (tag >> 2U != 0) owner.site = SiteId{(tag >> 2U) - 1};
    return owner;
  }

 private:
  static constexpr std::chrono::seconds kPeriod{1};

  struct OfSite {
    std::array<std::size_t, kLineKinds> queued{};
    std::array<std::uint64_t, kLineKinds> lost{};  // And not yet told.
    std::string name;                              // Once something was lost.
  };
  [[nodiscard]] static std::size_t place_of(LineOwner owner) { return tag_of(owner) >> 2U; }
  OfSite& of_site(LineOwner owner);

  std::size_t capacity_;
  std::size_t queued_ = 0;  // Of all,
  std::array<std::size_t, kLineKinds> queued_by_kind_{};
  std::vector<OfSite> sites_;            // By place_of().
  std::vector<std::size_t> unreported_;  // Places with losses.
  WallTime told_at_{};
};

}  // namespace pear::log
