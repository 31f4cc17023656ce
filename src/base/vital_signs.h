// VitalSigns: what one thread shows of itself, in memory that another process may look at: whether
// its loop turns, and what it works on. A thread that stands still, or crashes, cannot say so.
//
// Thread: one writer, the thread itself; any reader, of any process. Each store is relaxed: what is
//         read may be a moment old, which a watcher that waits for a second does not mind.
// Memory: one cache line, so that no two threads write to the same one. Zeroes are a valid start.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/cache_line.h"
#include "base/time.h"

namespace pear::base {

// A site, as all processes of one keeper name it, in one word. Sites are numbered in each process
// anew; their names stay.
enum class SiteKey : std::uint64_t { None = 0 };

// 64-bit FNV-1a of the name: two sites of one configuration do not meet by chance. Never None.
[[nodiscard]] constexpr SiteKey site_key(std::string_view name) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325U;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x0000'0100'0000'01B3U;
  }
  return SiteKey{hash == 0 ? 1 : hash};
}

// A site that is not served because servers died of it, and of which component: one that has
// changed since gets its chance. 0: the component is not known.
struct QuarantinedSite {
  SiteKey site{};
  std::uint64_t component = 0;

  bool operator==(const QuarantinedSite&) const = default;
};

// What a thread does for a site.
enum class Activity : std::uint32_t {
  Loop,     // Nothing for any site: sockets, timers, protocols.
  Start,    // An instance is made, or its start function runs.
  Guest,    // A slice of a guest.
  Respond,  // What a guest gave is sent.
  Compile,  // A component is read or compiled.
};
inline constexpr std::array<std::string_view, 5> kActivityNames{"loop", "start", "guest", "respond",
                                                                "compile"};
// What the words of another process say may be anything.
[[nodiscard]] constexpr std::string_view name(Activity activity) {
  const auto index = static_cast<std::size_t>(activity);
  return index < kActivityNames.size() ? kActivityNames[index] : "unknown";
}

struct alignas(kCacheLine) VitalSigns {
  std::atomic<std::int64_t> turn_began_ns{0};  // As MonotonicTime; 0: it waits for something to do.
  std::atomic<SiteKey> site{SiteKey::None};    // That it works for now.
  std::atomic<Activity> activity{Activity::Loop};
  std::atomic<std::int32_t> thread_id{0};  // gettid(2); 0: no such thread.

  void begin_turn(MonotonicTime now) {
    turn_began_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  // Before the thread may wait for as long as it likes.
  void rest() { turn_began_ns.store(0, std::memory_order_relaxed); }
  void work_for(SiteKey key, Activity what) {
    site.store(key, std::memory_order_relaxed);
    activity.store(what, std::memory_order_relaxed);
  }
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free && sizeof(VitalSigns) == kCacheLine,
              "processes share it");

// While it lives, the thread works for a site; then for whom it did before.
class [[nodiscard]] WorkFor {
 public:
  WorkFor(VitalSigns& signs, SiteKey key, Activity what)
      : signs_(signs),
        site_(signs.site.load(std::memory_order_relaxed)),
        activity_(signs.activity.load(std::memory_order_relaxed)) {
    signs.work_for(key, what);
  }
  ~WorkFor() { signs_.work_for(site_, activity_); }
  WorkFor(const WorkFor&) = delete;
  WorkFor& operator=(const WorkFor&) = delete;
  WorkFor(WorkFor&&) = delete;
  WorkFor& operator=(WorkFor&&) = delete;

 private:
  VitalSigns& signs_;
  SiteKey site_;
  Activity activity_;
};

}  // namespace pear::base
