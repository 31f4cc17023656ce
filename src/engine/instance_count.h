// InstanceCount: instances alive in the process, all cores together, against what the engine's pool
// holds.
//
// Every instance takes a place, and the memories and tables that its image needs. No site takes
// more than leaves something for the next one. A core that found no room asks the others: each lets
// the instance go that has been idle there for longest.
//
// Thread: any. take() and the end of a place are without locks; a lock is taken where a cage begins
//         and where a core found no room.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/image.h"

namespace pear::engine {

class InstanceCount {
 public:
  using Needs = Image::Needs;

  // The instances of one site, on all cores.
  class Site {
   private:
    friend class InstanceCount;
    std::atomic<std::uint32_t> count_{0};
  };
  using SharedSite = std::shared_ptr<Site>;

  // A core that makes instances. The count outlives it.
  class Core {
   public:
    using Wake = void (*)(void* context);

    // `wake(context)` is called from any thread, to let the core look at take_asked() soon.
    Core(InstanceCount& count, Wake wake, void* context);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;
    Core(Core&&) = delete;
    Core& operator=(Core&&) = delete;

    // It found no room: the other cores are asked.
    void ask();
    // Whether another core asks for an instance that is idle here; once for each time. One load
    // where none does: it is called every turn.
    [[nodiscard]] bool take_asked() {
      return asked_.load(std::memory_order_relaxed) && asked_.exchange(false);
    }

   private:
    InstanceCount& count_;
    Wake wake_;
    void* context_;
    std::atomic<bool> asked_{false};
  };

  explicit InstanceCount(std::uint32_t instances_max);

  struct Leave {
    Needs needs;
    SharedSite site;
    void operator()(InstanceCount* count) const { count->leave(needs, *site); }
  };
  // The count outlives it.
  using Place = std::unique_ptr<InstanceCount, Leave>;

  // Null when the process, or the site's share of it, has no room.
  [[nodiscard]] Place take(const Needs& needs, SharedSite site);

  // Whether the process has no room, whoever asks.
  [[nodiscard]] bool is_full_for(const Needs& needs) const;

  // The same for all who name it, as long as one of them holds it.
  [[nodiscard]] SharedSite site(const std::string& name);

 private:
  // A site may have so many times what is left for the others.
  static constexpr std::uint32_t kShare = 4;

  void leave(const Needs& needs, Site& site);

  std::uint32_t instances_max_;
  std::uint32_t memories_max_;
  std::uint32_t tables_max_;
  std::atomic<std::uint32_t> instances_{0};
  std::atomic<std::uint32_t> memories_{0};
  std::atomic<std::uint32_t> tables_{0};
  std::mutex mutex_;  // Of what follows.
  std::vector<Core*> cores_;
  std::map<std::string, std::weak_ptr<Site>> sites_;
};

}  // namespace pear::engine
