// WasmGuestMaker: guests that are instances of the engine.
//
// Thread: core-local. take_woken() is fed by the engine's background threads through an inbox.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "data/cage/guest.h"
#include "engine/instance.h"
#include "engine/reaper.h"
#include "engine/ticker.h"
#include "io/waker.h"

namespace pear::cage {

// Instances alive in the process, all cores together, against the engine's number of slots.
class InstanceCount {
 public:
  explicit InstanceCount(std::uint32_t max) : max_(max) {}

  struct Leave {
    void operator()(InstanceCount* count) const {
      count->count_.fetch_sub(1, std::memory_order_release);
    }
  };
  // One of the places; null when all are taken. The count outlives it.
  using Place = std::unique_ptr<InstanceCount, Leave>;
  [[nodiscard]] Place take() {
    Place place(this);
    return count_.fetch_add(1, std::memory_order_acquire) < max_ ? std::move(place) : nullptr;
  }

 private:
  std::atomic<std::uint32_t> count_{0};
  std::uint32_t max_;
};

class WasmGuestMaker final : public GuestMaker {
 public:
  // Shared by all cores; all outlive the maker, and the reaper dies before the count.
  struct Parts {
    InstanceCount& instances;
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

 private:
  Parts parts_;
  engine::Inbox inbox_;
  bool working_ = false;
};

}  // namespace pear::cage
