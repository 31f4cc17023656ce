// WasmGuestMaker: guests that are instances of the engine.
//
// Thread: core-local. take_woken() is fed by the engine's background threads through an inbox.
#pragma once

#include <memory>
#include <span>

#include "data/cage/guest.h"
#include "engine/instance.h"
#include "engine/instance_count.h"
#include "engine/reaper.h"
#include "engine/ticker.h"
#include "io/waker.h"

namespace pear::cage {

class WasmGuestMaker final : public GuestMaker {
 public:
  // Shared by all cores; all outlive the maker, and the reaper dies before the count.
  struct Parts {
    engine::InstanceCount& instances;
    engine::Ticker& ticker;
    engine::Reaper& reaper;
  };
  // `waker` wakes this core, and outlives the maker.
  WasmGuestMaker(const Parts& parts, io::Waker& waker);
  ~WasmGuestMaker() override;
  WasmGuestMaker(const WasmGuestMaker&) = delete;
  WasmGuestMaker& operator=(const WasmGuestMaker&) = delete;
  WasmGuestMaker(WasmGuestMaker&&) = delete;
  WasmGuestMaker& operator=(WasmGuestMaker&&) = delete;

  std::unique_ptr<GuestSource> open(std::shared_ptr<const engine::Image> image,
                                    const config::SiteSettings& site) override;
  std::size_t take_woken(std::span<std::uint64_t> tokens) override;
  void work() override;
  void rest() override;
  void bury(std::unique_ptr<Guest> guest) override;
  void ask_for_room() override { room_.ask(); }
  bool take_asked() override { return room_.take_asked(); }

 private:
  Parts parts_;
  engine::InstanceCount::Core room_;
  engine::Inbox inbox_;
  bool working_ = false;
};

}  // namespace pear::cage
