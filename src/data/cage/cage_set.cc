#include "data/cage/cage_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "data/exchange.h"

namespace pear::cage {

using data::HopKind;
using data::HopRecord;

namespace {
constexpr std::chrono::seconds kTrimPeriod{1};
// Cages that wait for an instance of the process look again this often: other cores, and the
// reaper, say nothing when they end one.
constexpr std::chrono::milliseconds kRetryPeriod{5};
}  // namespace

CageSet::CageSet(const Parts& parts)
    : core_(parts.core),
      runs_(kRunsMax),
      env_{.core = parts.core,
           .signs = parts.signs,
           .time = parts.time,
           .maker = parts.maker,
           .room = *this,
           .outlet = parts.outlet,
           .timers = parts.timers,
           .queue = queue_,
           .chunks = parts.chunks,
           .blocks = parts.blocks,
           .runs = runs_,
           .short_of_instances = short_of_instances_,
           .response_buffer = parts.response_buffer} {
  env_.timers.arm(trim_, env_.time.now + kTrimPeriod);
}

CageSet::~CageSet() = default;

SiteOnCore& CageSet::site_on_core(const model::Site& site) {
  std::unique_ptr<SiteOnCore>& entry = sites_[site.id];
  if (entry == nullptr) {
    entry =
        std::make_unique<SiteOnCore>(site.key, *site.metrics->by_core[std::to_underlying(core_)]);
  }
  return *entry;
}

Cage* CageSet::find(CageId cage) {
  const auto found = cages_.find(cage);
  return found == cages_.end() ? nullptr : found->second.get();
}

void CageSet::spawn(const data::SpawnCage& command, const model::SiteTable& table) {
  Cage* cage = find(command.cage);
  if (cage == nullptr) {
    const auto index = std::to_underlying(command.site);
    if (index >= table.sites.size() || table.sites[index] == nullptr) return;  // Gone again.
    const std::shared_ptr<const model::Site>& site = table.sites[index];
    const auto place = std::ranges::find(site->cages, command.cage, &model::CagePlace::cage);
    if (place == site->cages.end()) return;
    auto fresh = std::make_unique<Cage>(env_, site_on_core(*site), site, *place);
    cage = fresh.get();
    cages_.emplace(command.cage, std::move(fresh));
  }
  cage->spawn(command.image, command.recover_credits);
}

void CageSet::grant(const data::GrantRecovery& command) {
  if (Cage* const cage = find(command.cage)) cage->grant(command.credits);
}

void CageSet::terminate(const data::TerminateCage& command) {
  if (Cage* const cage = find(command.cage)) cage->terminate(command.deadline);
}

void CageSet::apply(const HopRecord& record) {
  if (record.kind == HopKind::Start) {
    Cage* const cage = find(record.cage);
    if (cage == nullptr || !cage->start(*record.exchange)) {
      env_.outlet.to_exchange(
          {.kind = HopKind::Refused, .cage = record.cage, .exchange = record.exchange});
    }
    return;
  }
  PEAR_ASSERT(record.run != nullptr, "what follows Start names its run");
  GuestRun& run = *record.run;
  Cage& cage = run.cage;
  switch (record.kind) {
    case HopKind::RequestChunk:
      return cage.request_chunk(run, record.chunk);
    case HopKind::RequestEnd:
      return cage.request_end(run);
    case HopKind::RequestCut:
      return cage.request_cut(run);
    case HopKind::Abort:
      return cage.abort(run);
    case HopKind::ResponseChunkReturn:
      return cage.response_chunk_return(run, record.chunk);
    case HopKind::Release:
      return cage.release(run);
    case HopKind::Start:
    case HopKind::Accepted:
    case HopKind::Refused:
    case HopKind::ResponseInterim:
    case HopKind::ResponseHead:
    case HopKind::ResponseChunk:
    case HopKind::ResponseEnd:
    case HopKind::ResponseCut:
    case HopKind::RequestChunkReturn:
    case HopKind::Ended:
      break;
  }
  PEAR_UNREACHABLE("a record for a connection came to a cage");
}

bool CageSet::run_one() {
  const RunQueue::Next next = queue_.pop();
  if (next.guest == nullptr) return false;
  next.guest->take_turn();
  if (!short_of_instances_.empty() && !retry_.armed()) {
    env_.timers.arm(retry_, env_.time.now + kRetryPeriod);
  }
  return true;
}

// Those that find none come back to the list with the turns of their requests.
void CageSet::on_retry(MonotonicTime /*now*/) {
  while (Cage* const cage = short_of_instances_.pop_front()) cage->wake_next();
}

bool CageSet::end_longest_idle() {
  Cage* longest = nullptr;
  for (const auto& [id, cage] : cages_) {
    const auto since = cage->idle_since();
    if (since && (longest == nullptr || *since < *longest->idle_since())) longest = cage.get();
  }
  if (longest != nullptr) longest->end_longest_idle();
  return longest != nullptr;
}

void CageSet::take_woken() {
  if (env_.maker.take_asked()) end_longest_idle();
  std::array<std::uint64_t, 64> tokens{};
  while (true) {
    const std::size_t count = env_.maker.take_woken(tokens);
    for (const std::uint64_t token : std::span(tokens).first(count)) {
      Cage* const cage = find(CageId{static_cast<std::uint32_t>(token >> 32U)});
      if (cage == nullptr) continue;
      if (GuestSlot* const slot = cage->slot_of(token)) cage->make_runnable(*slot);
    }
    if (count < tokens.size()) return;
  }
}

void CageSet::on_trim(MonotonicTime now) {
  tidy();
  env_.timers.arm(trim_, now + kTrimPeriod);
}

void CageSet::end_all() {
  for (auto& [id, cage] : cages_) cage->end_now();
}

void CageSet::tidy() {
  for (auto& [id, cage] : cages_) cage->trim();
  std::erase_if(cages_, [](const auto& entry) { return entry.second->over(); });
}

}  // namespace pear::cage
