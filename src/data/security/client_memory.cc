#include "data/security/client_memory.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "data/security/subject.h"

namespace pear::security {

using data::ChangedTag;
using data::ChargedTag;
using data::Exchange;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;  // Nothing else is told by these numbers.

constexpr std::uint32_t units_of(std::uint64_t bytes) {
  return static_cast<std::uint32_t>((bytes + ClientMemory::kUnit - 1) / ClientMemory::kUnit);
}

}  // namespace

ClientMemory::ClientMemory(const config::ServerSettings& settings, SharedLimits& limits)
    : settings_(settings), limits_(limits) {}

ClientMemory::~ClientMemory() {
  PEAR_ASSERT(accounts_.empty() && bytes_ == 0,
              "exchanges end before the accounts of their clients");
}

std::uint64_t ClientMemory::hash_of(const Exchange& exchange) const {
  return Subject{.address = client_of(exchange.client_address)}.hash(limits_.hash);
}

ClientAccount& ClientMemory::account_of(const Exchange& exchange) {
  const std::uint64_t hash = hash_of(exchange);
  std::unique_ptr<ClientAccount>& entry = accounts_[hash];
  if (entry == nullptr) {
    entry = std::make_unique<ClientAccount>(hash, limits_.memory_units.share(hash));
  }
  return *entry;
}

void ClientMemory::charge(Exchange& exchange) {
  const std::uint64_t before = std::exchange(exchange.bytes_charged, exchange.bytes_held);
  const std::uint64_t now = exchange.bytes_held;
  ClientAccount& account = exchange.account == nullptr ? account_of(exchange) : *exchange.account;
  if (exchange.account == nullptr) {
    exchange.account = &account;
    account.exchanges.push_back(exchange);
  }
  account.bytes += now - before;  // Modulo 2^64, as all of these.
  bytes_ += now - before;
  limits_.memory_bytes.fetch_add(now - before, kRelaxed);
  account.share.set(units_of(account.bytes));
  if (now > before && is_over(account)) over_.push_back(account.hash);
  if (now == 0) leave(account, exchange);
}

void ClientMemory::leave(ClientAccount& account, Exchange& exchange) {
  exchange.account = nullptr;
  exchange.base::ListHook<ChargedTag>::unlink();
  if (account.exchanges.empty()) accounts_.erase(account.hash);
}

void ClientMemory::forget(Exchange& exchange) {
  exchange.bytes_held = 0;
  exchange.base::ListHook<ChangedTag>::unlink();
  if (exchange.bytes_charged != 0) charge(exchange);
}

bool ClientMemory::settle() {
  while (Exchange* const exchange = changed_.pop_front()) charge(*exchange);
  return !over_.empty() || all_are_over();
}

bool ClientMemory::is_over(const ClientAccount& account) const {
  const std::uint64_t most = settings_.http.memory_per_address_max.count;
  return most != 0 && account.share.total() > units_of(most);
}

// Of the cores only those act that hold more than their part: there is whoever uses it up.
bool ClientMemory::all_are_over() const {
  const std::uint64_t most = settings_.http.memory_max.count;
  const std::uint64_t all = limits_.memory_bytes.load(kRelaxed);
  return most != 0 && all > most && bytes_ >= all / std::max<std::uint64_t>(settings_.cores, 1);
}

Exchange* ClientMemory::costliest_of(ClientAccount& account) {
  Exchange* most = nullptr;
  for (Exchange& exchange : account.exchanges) {
    if (exchange.ends_for_memory) continue;
    if (most == nullptr || exchange.bytes_charged > most->bytes_charged) most = &exchange;
  }
  if (most != nullptr) most->ends_for_memory = true;
  return most;
}

Exchange* ClientMemory::costliest() {
  while (Exchange* const exchange = changed_.pop_front()) charge(*exchange);
  for (; !over_.empty(); over_.pop_back()) {
    const auto found = accounts_.find(over_.back());
    if (found == accounts_.end() || !is_over(*found->second)) continue;
    if (Exchange* const exchange = costliest_of(*found->second)) return exchange;
  }
  if (!all_are_over()) return nullptr;
  ClientAccount* most = nullptr;
  for (const auto& [hash, account] : accounts_) {
    if (most == nullptr || account->bytes > most->bytes) most = account.get();
  }
  return most == nullptr ? nullptr : costliest_of(*most);
}

bool ClientMemory::is_short(const Exchange& exchange) const {
  const std::uint64_t all_max = settings_.http.memory_max.count;
  if (all_max != 0 && limits_.memory_bytes.load(kRelaxed) > all_max / 2) return true;
  const std::uint64_t most = settings_.http.memory_per_address_max.count;
  if (most == 0 || accounts_.empty()) return false;
  const auto found = accounts_.find(hash_of(exchange));
  return found != accounts_.end() && found->second->share.total() > units_of(most) / 2;
}

}  // namespace pear::security
