#include "data/pool/pool.h"

#include <algorithm>

#include "base/assert.h"
#include "model/cage_state.h"

namespace pear::pool {

using data::Exchange;
using data::WaitTag;
using model::CagePlace;
using model::CageState;

Pool::SiteQueue& Pool::queue_of(const model::Site& site) {
  const auto index = std::to_underlying(site.id);
  if (index >= queues_.size()) queues_.resize(index + 1);
  if (queues_[index] == nullptr) queues_[index] = std::make_unique<SiteQueue>();
  return *queues_[index];
}

std::uint32_t& Pool::leases_of(SiteQueue& queue, CageId cage) {
  for (Lease& lease : queue.leases) {
    if (lease.cage == cage) return lease.count;
  }
  // A cage of a new version takes the place of one that is gone.
  for (Lease& lease : queue.leases) {
    if (lease.count == 0) {
      lease.cage = cage;
      return lease.count;
    }
  }
  return queue.leases.emplace_back(Lease{.cage = cage}).count;
}

bool Pool::try_lease(SiteQueue& queue, Exchange& exchange, const Present& present) {
  const model::Site& site = *exchange.site;
  const std::uint32_t all = site.settings.limits.max_concurrent_requests;
  const std::uint32_t places = present.body_is_here ? all : (all + 1) / 2;
  queue.candidates.resize(site.cages.size());
  for (std::size_t i = 0; i < site.cages.size(); ++i) {
    const CagePlace& place = site.cages[i];
    const auto state = place.counters->state.load(std::memory_order_relaxed);
    const auto in_flight = static_cast<std::uint32_t>(place.counters->in_flight.value());
    const std::uint32_t load = std::max(in_flight, leases_of(queue, place.cage));
    queue.candidates[i] = {
        .available = state == CageState::Running && load < places,
        .local = place.core == core_,
        .load = load,
        .weight = place.weight,
    };
  }
  const auto chosen = queue.balance.choose(
      site.settings.balance, queue.candidates,
      {.core_is_behind = present.core_is_behind, .client_hash = exchange.client_hash});
  if (!chosen) return false;
  exchange.place = &site.cages[*chosen];
  queue.places.add(exchange.client_hash);
  ++leases_of(queue, exchange.place->cage);
  return true;
}

// Whether each core that could run the request has had one of this site wait for too long. The core
// of a cage says since when; its clock is that of all.
bool Pool::is_behind(const model::Site& site, MonotonicTime now) {
  const auto limit = site.settings.limits.shed_after;
  if (limit.count() == 0) return false;
  bool any_runs = false;
  for (const CagePlace& place : site.cages) {
    if (place.counters->state.load(std::memory_order_relaxed) != CageState::Running) continue;
    any_runs = true;
    const std::uint64_t since =
        site.metrics->by_core[std::to_underlying(place.core)]->waits_since_ns.value();
    const MonotonicTime oldest{std::chrono::nanoseconds(since)};
    if (since == 0 || now - oldest <= limit) return false;
  }
  return any_runs;
}

// Among the last of them: who has most is among these, too.
Exchange* Pool::richest_of_the_newest(Line& line) {
  Exchange* richest = nullptr;
  auto at = line.exchanges.end();
  for (int compared = 0; compared < kCompared && at != line.exchanges.begin(); ++compared) {
    Exchange& exchange = *--at;
    if (richest == nullptr ||
        line.clients.of(exchange.client_hash) > line.clients.of(richest->client_hash)) {
      richest = &exchange;
    }
  }
  return richest;
}

Pool::Answer Pool::lease(Exchange& exchange, const Present& present) {
  const model::Site& site = *exchange.site;
  if (is_behind(site, present.now)) return Answer::Behind;
  SiteQueue& queue = queue_of(site);
  // Who came first is served first; one that every cage has refused waits for a change.
  const bool is_first = queue.waiting.exchanges.empty() &&
                        (present.body_is_here || queue.incomplete.exchanges.empty());
  const bool may_go = is_first && exchange.refused <= site.cages.size();
  if (may_go && try_lease(queue, exchange, present)) return Answer::Leased;
  const bool hopeless =
      !site.awaits_image && std::ranges::all_of(site.cages, [](const CagePlace& place) {
        return place.counters->state.load(std::memory_order_relaxed) == CageState::Terminated;
      });
  if (hopeless) return Answer::NoCage;
  exchange.refused = 0;
  exchange.awaits_body = !present.body_is_here;
  if (!exchange.awaits_body && queue.waiting.count >= site.settings.limits.queue_max) {
    const Exchange* const last = richest_of_the_newest(queue.waiting);
    const auto has = [&](const Exchange& of) { return queue.waiting.clients.of(of.client_hash); };
    if (last == nullptr || has(*last) < has(exchange) + 2) return Answer::QueueFull;
  }
  wait_in(queue, exchange);
  return exchange.awaits_body ? Answer::AwaitsBody : Answer::Waiting;
}

void Pool::wait_in(SiteQueue& queue, Exchange& exchange) {
  Line& line = exchange.awaits_body ? queue.incomplete : queue.waiting;
  line.exchanges.push_back(exchange);
  line.clients.add(exchange.client_hash);
  ++line.count;
  ++waiting_;
  tell(*exchange.site, queue);
}

Exchange* Pool::poorest(SiteQueue& queue, Line& line) {
  Exchange* best = nullptr;
  int compared = 0;
  for (Exchange& exchange : line.exchanges) {
    if (best == nullptr ||
        queue.places.of(exchange.client_hash) < queue.places.of(best->client_hash)) {
      best = &exchange;
    }
    if (++compared == kCompared) break;
  }
  return best;
}

void Pool::tell(const model::Site& site, SiteQueue& queue) const {
  const Exchange* const next = poorest(queue, queue.waiting);
  // A hash of zero is as good as any other that nobody has.
  const std::uint64_t client = next == nullptr ? 0 : std::max<std::uint64_t>(next->client_hash, 1);
  site.metrics->by_core[std::to_underlying(core_)]->poorest_waiting.set(client);
}

Exchange* Pool::surplus(const model::Site& site) {
  Line& waiting = queue_of(site).waiting;
  return waiting.count > site.settings.limits.queue_max ? richest_of_the_newest(waiting) : nullptr;
}

Exchange* Pool::surplus_body(const model::Site& site) {
  Line& incomplete = queue_of(site).incomplete;
  const config::CageLimits& limits = site.settings.limits;
  if (incomplete.count <= limits.queue_max + limits.max_concurrent_requests) return nullptr;
  Exchange* richest = nullptr;
  int compared = 0;
  for (Exchange& exchange : incomplete.exchanges) {
    const auto has = [&](const Exchange& of) { return incomplete.clients.of(of.client_hash); };
    if (richest == nullptr || has(exchange) > has(*richest)) richest = &exchange;
    if (++compared == kCompared) break;
  }
  return richest;
}

void Pool::count_lease(Exchange& exchange) {
  SiteQueue& queue = queue_of(*exchange.site);
  queue.places.add(exchange.client_hash);
  ++leases_of(queue, exchange.place->cage);
}

void Pool::give_back(Exchange& exchange) {
  SiteQueue& queue = queue_of(*exchange.site);
  std::uint32_t& count = leases_of(queue, exchange.place->cage);
  PEAR_ASSERT(count > 0, "a lease was given back twice");
  --count;
  queue.places.subtract(exchange.client_hash);
  exchange.place = nullptr;
}

Exchange* Pool::retry(const model::Site& site, bool core_is_behind) {
  SiteQueue& queue = queue_of(site);
  Exchange* const first =
      poorest(queue, queue.waiting.exchanges.empty() ? queue.incomplete : queue.waiting);
  if (first == nullptr) return nullptr;
  const Present present{.core_is_behind = core_is_behind, .body_is_here = !first->awaits_body};
  if (!try_lease(queue, *first, present)) return nullptr;
  forget(*first);
  return first;
}

void Pool::forget(Exchange& exchange) {
  if (!exchange.base::ListHook<WaitTag>::linked()) return;
  exchange.base::ListHook<WaitTag>::unlink();
  SiteQueue& queue = queue_of(*exchange.site);
  Line& line = exchange.awaits_body ? queue.incomplete : queue.waiting;
  --line.count;
  line.clients.subtract(exchange.client_hash);
  exchange.awaits_body = false;
  --waiting_;
  tell(*exchange.site, queue);
}

}  // namespace pear::pool
