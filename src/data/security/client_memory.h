// ClientMemory: what the process holds for the requests of each client, and whose request ends
// where that is too much.
//
// A request holds its head, what has come of its body and what its client has not taken of its
// response. All of that is the client's, and none of it the site's: a client that stands still, or
// sends what nobody reads, uses up its own share (http.memory_per_address_max) and the server's
// (http.memory_max), and nothing of the cage that answered it long ago.
//
// Only what outlives a turn is charged, at the turn's end: a request that is answered at once costs
// two additions and no look-up. A limit may so be passed by what one turn brings.
//
// Each core has its own; what a client holds on all of them is a word of SharedLimits.
//
// Thread:  core-local.
// Memory:  one account for each client for whom something is held just now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/intrusive_list.h"
#include "config/settings.h"
#include "data/exchange.h"
#include "data/security/address_counts.h"
#include "data/security/shared_limits.h"

namespace pear::security {

// One client on this core. Its exchanges are those for which something is charged.
struct ClientAccount {
  ClientAccount(std::uint64_t hash_of_client, CountedShare share_of_client)
      : hash(hash_of_client), share(std::move(share_of_client)) {}

  const std::uint64_t hash;
  std::uint64_t bytes = 0;  // On this core,
  CountedShare share;       // and on all.
  base::IntrusiveList<data::Exchange, data::ChargedTag> exchanges;
};

class ClientMemory {
 public:
  // What is counted together with other cores is counted in units of so many bytes.
  static constexpr std::uint64_t kUnit = 16UL * 1024;

  // Both outlive it.
  ClientMemory(const config::ServerSettings& settings, SharedLimits& limits);
  ~ClientMemory();
  ClientMemory(const ClientMemory&) = delete;
  ClientMemory& operator=(const ClientMemory&) = delete;
  ClientMemory(ClientMemory&&) = delete;
  ClientMemory& operator=(ClientMemory&&) = delete;

  // The exchange holds so many bytes more, or fewer. Its client must be known.
  void hold(data::Exchange& exchange, std::uint64_t bytes) {
    exchange.bytes_held += bytes;
    note(exchange);
  }
  void let_go(data::Exchange& exchange, std::uint64_t bytes) {
    exchange.bytes_held -= bytes;
    note(exchange);
  }
  // The exchange ends, and holds nothing any more.
  void forget(data::Exchange& exchange);

  // Charges what has changed. True: something is past a limit, and costliest() has to end.
  [[nodiscard]] bool settle();
  // The costliest request of a client that is past its limit, else of the costliest client while
  // all are past theirs; each once. Null: no more has to end. What it holds must be let go as far
  // as that is possible at once.
  [[nodiscard]] data::Exchange* costliest();

  // Half of the client's share, or of the server's, is used up: responses that begin now are
  // buffered as little as they can be.
  [[nodiscard]] bool is_short(const data::Exchange& exchange) const;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void note(data::Exchange& exchange) {
    const bool changed = exchange.bytes_held != exchange.bytes_charged;
    if (changed == exchange.base::ListHook<data::ChangedTag>::linked()) return;
    if (changed) {
      changed_.push_back(exchange);
    } else {
      exchange.base::ListHook<data::ChangedTag>::unlink();
    }
  }
  void charge(data::Exchange& exchange);
  void leave(ClientAccount& account, data::Exchange& exchange);
  [[nodiscard]] std::uint64_t hash_of(const data::Exchange& exchange) const;
  [[nodiscard]] ClientAccount& account_of(const data::Exchange& exchange);
  [[nodiscard]] bool is_over(const ClientAccount& account) const;
  [[nodiscard]] bool all_are_over() const;
  [[nodiscard]] static data::Exchange* costliest_of(ClientAccount& account);

  const config::ServerSettings& settings_;
  SharedLimits& limits_;
  std::unordered_map<std::uint64_t, std::unique_ptr<ClientAccount>> accounts_;
  base::IntrusiveList<data::Exchange, data::ChangedTag> changed_;
  std::uint64_t bytes_ = 0;          // Of all accounts.
  std::vector<std::uint64_t> over_;  // Clients that were found past their limits, by hash.
};

}  // namespace pear::security
