// CageSet: the cages of one core: commands and records to the right cage, and the guests' turns.
//
// Thread: core-local.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "data/cage/cage.h"
#include "data/cage/cage_env.h"
#include "data/core_command.h"
#include "data/hop.h"

namespace pear::cage {

class CageSet final : private RoomMaker {
 public:
  struct Parts {
    CoreId core{};
    base::VitalSigns& signs;
    GuestMaker& maker;
    CageOutlet& outlet;
    data::TurnTime& time;
    io::TimerWheel& timers;
    data::BodyChunkPool& chunks;
    base::ArenaBlockPool& blocks;
    std::uint64_t response_buffer = 256UL * 1024;  // See CageEnv.
  };
  // Requests in all the cages of one core.
  static constexpr std::size_t kRunsMax = 65'536;

  explicit CageSet(const Parts& parts);
  ~CageSet();
  CageSet(const CageSet&) = delete;
  CageSet& operator=(const CageSet&) = delete;
  CageSet(CageSet&&) = delete;
  CageSet& operator=(CageSet&&) = delete;

  // ---- From the control plane. A command about a cage that is gone is ignored.
  // `table`: the one in force.
  void spawn(const data::SpawnCage& command, const model::SiteTable& table);
  void grant(const data::GrantRecovery& command);
  void terminate(const data::TerminateCage& command);
  [[nodiscard]] Cage* find(CageId cage);
  // Of what a run gives from now on.
  void set_response_buffer(std::uint64_t bytes) { env_.response_buffer = bytes; }

  // From the connection's core of an exchange.
  void apply(const data::HopRecord& record);

  // Runs the guest whose turn it is for a slice. False: none is runnable.
  bool run_one();
  [[nodiscard]] bool has_runnable() const { return !queue_.empty(); }
  [[nodiscard]] std::size_t runnable() const { return queue_.size(); }
  // Puts guests that other threads woke back into the queue.
  void take_woken();

  // Frees cages that are over, and instances that rest for too long. Every second or so.
  void tidy();
  // Ends whatever still runs, at the end of the core.
  void end_all();
  [[nodiscard]] bool empty() const { return cages_.empty(); }

 private:
  void on_trim(MonotonicTime now);
  void on_retry(MonotonicTime now);
  bool end_longest_idle() override;
  [[nodiscard]] SiteOnCore& site_on_core(const model::Site& site);

  CoreId core_;
  RunQueue queue_;
  base::ObjectPool<GuestRun> runs_;
  base::IntrusiveList<Cage, ShortTag> short_of_instances_;
  CageEnv env_;
  std::unordered_map<SiteId, std::unique_ptr<SiteOnCore>> sites_;
  std::unordered_map<CageId, std::unique_ptr<Cage>> cages_;
  io::Timer trim_ = io::Timer::calling<&CageSet::on_trim>(*this);
  io::Timer retry_ = io::Timer::calling<&CageSet::on_retry>(*this);
};

}  // namespace pear::cage
