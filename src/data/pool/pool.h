// Pool: gives each request a place in a cage of its site, or lets it wait for one, with a bound.
//
// Every core has its own; they learn of each other's requests through the cages' counters. A place
// that was given is a lease, counted here until Ended; what a cage on another core refuses after
// all comes back and is given elsewhere.
//
// Of those who wait, the client that has the fewest places is served first, and where too many
// wait, it is the client with most of them that is refused: a client with a thousand requests is in
// the way of its own.
//
// A request whose body is still on its way may hold its place for as long as its client likes.
// Such requests get half of a cage's places; beyond that they wait until their body is here, and
// are in nobody's way meanwhile.
//
// Thread: core-local.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/time.h"
#include "data/client_counts.h"
#include "data/exchange.h"
#include "data/pool/balance.h"
#include "model/site_table.h"

namespace pear::pool {

class Pool {
 public:
  explicit Pool(CoreId core) : core_(core) {}

  // What is so on this core just now.
  struct Present {
    bool core_is_behind = false;
    // The request's body is complete, or as much of it as is kept for a request that waits.
    bool body_is_here = true;
    MonotonicTime now{};
  };
  enum class Answer : std::uint8_t {
    Leased,      // exchange.place is the cage.
    Waiting,     // It is in the queue; retry() will give it out.
    AwaitsBody,  // The same, and when its body is here it is to be asked for again.
    QueueFull,   // limits.queue_max requests of the site wait on this core already, and none of
                 // them is of a client with more.
    Behind,      // Where the site runs, requests wait longer than limits.shed_after for the CPU.
    NoCage,      // The site has no cage that may ever run again.
  };

  [[nodiscard]] Answer lease(data::Exchange& exchange, const Present& present);
  // A lease of a cage that the caller chose: exchange.place.
  void count_lease(data::Exchange& exchange);
  // The lease is over, or was refused by the cage.
  void give_back(data::Exchange& exchange);
  // One that has to go because more wait than limits.queue_max: the newest of a client with most of
  // them. Null: none has to.
  [[nodiscard]] data::Exchange* surplus(const model::Site& site);
  // One that waits for its body and has to go, because more of them wait than queue_max and
  // max_concurrent_requests together: the oldest, which is the slowest, of a client with most of
  // them. Null: none has to.
  [[nodiscard]] data::Exchange* surplus_body(const model::Site& site);
  // The request of the site that is the next, once some cage of it has a place again: its lease is
  // made. Null when there is none.
  [[nodiscard]] data::Exchange* retry(const model::Site& site, bool core_is_behind);
  // It does not wait any more.
  void forget(data::Exchange& exchange);

  // Requests that wait on this core.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // Calls fn(site) for each site that has requests waiting.
  template <typename Fn>
  void each_waiting_site(const Fn& fn) {
    if (waiting_ == 0) return;
    for (const std::unique_ptr<SiteQueue>& queue : queues_) {
      if (queue == nullptr) continue;
      if (const data::Exchange* const first = queue->first()) fn(*first->site);
    }
  }

 private:
  struct Lease {
    CageId cage{};
    std::uint32_t count = 0;
  };
  // Of a line so many are compared: more make it no fairer, and it stays short.
  static constexpr int kCompared = 64;
  struct Line {
    base::IntrusiveList<data::Exchange, data::WaitTag> exchanges;
    std::uint32_t count = 0;
    data::ClientCounts clients;
  };
  struct SiteQueue {
    Balance balance;
    std::vector<Lease> leases;  // Of cages that have had one.
    std::vector<Candidate> candidates;
    data::ClientCounts places;  // Leases, by client.
    Line waiting;
    Line incomplete;  // Their bodies are on their way.

    [[nodiscard]] data::Exchange* first() const {
      return waiting.exchanges.empty() ? incomplete.exchanges.front() : waiting.exchanges.front();
    }
  };

  [[nodiscard]] static bool is_behind(const model::Site& site, MonotonicTime now);
  [[nodiscard]] SiteQueue& queue_of(const model::Site& site);
  [[nodiscard]] static std::uint32_t& leases_of(SiteQueue& queue, CageId cage);
  [[nodiscard]] bool try_lease(SiteQueue& queue, data::Exchange& exchange, const Present& present);
  void wait_in(SiteQueue& queue, data::Exchange& exchange);
  [[nodiscard]] static data::Exchange* poorest(SiteQueue& queue, Line& line);
  [[nodiscard]] static data::Exchange* richest_of_the_newest(Line& line);
  // Says for all cores who of this one waits.
  void tell(const model::Site& site, SiteQueue& queue) const;

  CoreId core_;
  std::vector<std::unique_ptr<SiteQueue>> queues_;  // By SiteId.
  std::size_t waiting_ = 0;
};

}  // namespace pear::pool
