#include "data/pool/balance.h"

#include "base/assert.h"

namespace pear::pool {
namespace {

// A well-mixed 64-bit hash of two numbers (the finaliser of MurmurHash3).
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a ^ (b * 0x9e3779b97f4a7c15U);
  x = (x ^ (x >> 33U)) * 0xff51afd7ed558ccdU;
  x = (x ^ (x >> 33U)) * 0xc4ceb9fe1a85ec53U;
  return x ^ (x >> 33U);
}

// The available cage with the highest score for this client: it changes only when that very cage
// comes or goes.
std::optional<std::size_t> sticky(std::span<const Candidate> cages, std::uint64_t client_hash) {
  std::optional<std::size_t> best;
  std::uint64_t best_score = 0;
  for (std::size_t i = 0; i < cages.size(); ++i) {
    if (!cages[i].available) continue;
    const std::uint64_t score = mix(client_hash, i + 1);
    if (!best || score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

}  // namespace

std::optional<std::size_t> Balance::choose(config::Balance balance,
                                           std::span<const Candidate> cages,
                                           const Situation& situation) {
  switch (balance) {
    case config::Balance::LeastConnected:
      return least_connected(cages, situation);
    case config::Balance::RoundRobin:
      return round_robin(cages);
    case config::Balance::Weighted:
      return weighted(cages);
    case config::Balance::Sticky:
      return sticky(cages, situation.client_hash);
  }
  PEAR_UNREACHABLE("a balance without a rule");
}

std::optional<std::size_t> Balance::least_connected(std::span<const Candidate> cages,
                                                    const Situation& situation) {
  std::optional<std::size_t> best;
  std::uint64_t best_cost = 0;
  const std::size_t start = next_++;
  for (std::size_t step = 0; step < cages.size(); ++step) {
    const std::size_t i = (start + step) % cages.size();
    const Candidate& cage = cages[i];
    if (!cage.available) continue;
    const std::uint64_t hop = cage.local || situation.core_is_behind ? 0 : kHopCost;
    // Twice the load, so that a tie goes to this core and nothing else does.
    const std::uint64_t cost = 2 * (cage.load + hop) + (cage.local ? 0 : 1);
    if (!best || cost < best_cost) {
      best = i;
      best_cost = cost;
    }
  }
  return best;
}

std::optional<std::size_t> Balance::round_robin(std::span<const Candidate> cages) {
  for (std::size_t step = 0; step < cages.size(); ++step) {
    const std::size_t i = next_++ % cages.size();
    if (cages[i].available) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Balance::weighted(std::span<const Candidate> cages) {
  current_weights_.resize(cages.size(), 0);
  std::optional<std::size_t> best;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < cages.size(); ++i) {
    if (!cages[i].available) continue;
    current_weights_[i] += cages[i].weight;
    total += cages[i].weight;
    if (!best || current_weights_[i] > current_weights_[*best]) best = i;
  }
  if (best) current_weights_[*best] -= total;
  return best;
}

}  // namespace pear::pool
