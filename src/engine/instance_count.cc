#include "engine/instance_count.h"

#include <utility>

namespace pear::engine {

InstanceCount::InstanceCount(std::uint32_t instances_max)
    : instances_max_(instances_max),
      memories_max_(pool_memories(instances_max)),
      tables_max_(pool_tables(instances_max)) {}

InstanceCount::Place InstanceCount::take(const Needs& needs, SharedSite site) {
  const std::uint32_t all = instances_.fetch_add(1);
  const std::uint32_t own = site->count_.fetch_add(1);
  const std::uint32_t memories = memories_.fetch_add(needs.memories) + needs.memories;
  const std::uint32_t tables = tables_.fetch_add(needs.tables) + needs.tables;
  Place place(this, {.needs = needs, .site = std::move(site)});
  const bool fits = all < instances_max_ && memories <= memories_max_ && tables <= tables_max_ &&
                    // Its first instance is nobody's greed.
                    (own == 0 || own / kShare < instances_max_ - all);
  if (fits) return place;
  return nullptr;
}

bool InstanceCount::is_full_for(const Needs& needs) const {
  return instances_.load() >= instances_max_ || memories_.load() + needs.memories > memories_max_ ||
         tables_.load() + needs.tables > tables_max_;
}

void InstanceCount::leave(const Needs& needs, Site& site) {
  site.count_.fetch_sub(1);
  memories_.fetch_sub(needs.memories);
  tables_.fetch_sub(needs.tables);
  instances_.fetch_sub(1);
}

InstanceCount::SharedSite InstanceCount::site(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(sites_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Site>& entry = sites_[name];
  auto site = entry.lock();
  if (site == nullptr) entry = site = std::make_shared<Site>();
  return site;
}

InstanceCount::Core::Core(InstanceCount& count, Wake wake, void* context)
    : count_(count), wake_(wake), context_(context) {
  const std::scoped_lock lock(count_.mutex_);
  count_.cores_.push_back(this);
}

InstanceCount::Core::~Core() {
  const std::scoped_lock lock(count_.mutex_);
  std::erase(count_.cores_, this);
}

void InstanceCount::Core::ask() {
  const std::scoped_lock lock(count_.mutex_);
  for (Core* const core : count_.cores_) {
    if (core == this || core->asked_.exchange(true)) continue;
    core->wake_(core->context_);
  }
}

}  // namespace pear::engine
