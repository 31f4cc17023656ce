// CageEnv: what the cages of a core share.
//
// Thread: core-local. All references outlive the cages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/object_pool.h"
#include "base/vital_signs.h"
#include "data/body_queue.h"
#include "data/cage/first_slices.h"
#include "data/cage/guest.h"
#include "data/cage/guest_run.h"
#include "data/cage/run_queue.h"
#include "data/core_event.h"
#include "data/hop.h"
#include "data/turn_time.h"
#include "io/timer_wheel.h"
#include "model/counters.h"
#include "model/site_table.h"

namespace pear::cage {

class Cage;
struct ShortTag;

// Where the cages' words go: to the connection's core, to control, to the log.
class CageOutlet {
 public:
  CageOutlet() = default;
  CageOutlet(const CageOutlet&) = delete;
  CageOutlet& operator=(const CageOutlet&) = delete;
  CageOutlet(CageOutlet&&) = delete;
  CageOutlet& operator=(CageOutlet&&) = delete;

  // To the core that keeps the exchange.
  virtual void to_exchange(const data::HopRecord& record) = 0;
  virtual void event(data::CoreEvent event) = 0;
  virtual void guest_line(const model::Site& site, CageId cage, ExchangeId exchange,
                          LogStream stream, std::string_view line) = 0;

 protected:
  ~CageOutlet() = default;
};

// Who can make room for an instance, where the process has none.
class RoomMaker {
 public:
  RoomMaker() = default;
  RoomMaker(const RoomMaker&) = delete;
  RoomMaker& operator=(const RoomMaker&) = delete;
  RoomMaker(RoomMaker&&) = delete;
  RoomMaker& operator=(RoomMaker&&) = delete;

  // Ends the instance that has been idle for longest on this core. False: none is.
  virtual bool end_longest_idle() = 0;

 protected:
  ~RoomMaker() = default;
};

// One site on this core: its cages share its turn in the run queue and its counters.
struct SiteOnCore {
  SiteOnCore(base::SiteKey site_key, model::SiteCounters& of_site)
      : key(site_key), counters(of_site), first_slices(of_site) {}

  base::SiteKey key;
  SiteQueue queue;
  model::SiteCounters& counters;
  FirstSlices first_slices;
};

struct CageEnv {
  CoreId core{};
  base::VitalSigns& signs;
  data::TurnTime& time;
  GuestMaker& maker;
  RoomMaker& room;
  CageOutlet& outlet;
  io::TimerWheel& timers;
  RunQueue& queue;
  data::BodyChunkPool& chunks;
  base::ArenaBlockPool& blocks;
  base::ObjectPool<GuestRun>& runs;
  // Cages that wait until the process may have another instance.
  base::IntrusiveList<Cage, ShortTag>& short_of_instances;
  std::uint64_t response_buffer = 256UL * 1024;  // Bytes of one run that its client has not taken.
};

}  // namespace pear::cage
