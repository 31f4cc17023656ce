// Outbox: what control wishes of one core, until the core's queue has room for it.
//
// Commands reach the core in the order in which they were wished, but for the site table: only the
// latest counts, and it goes before the commands that wait, since it names their cages. A wish that
// a newer one makes pointless is left out, so that what waits is bounded by the number of cages,
// however long the core stands still.
//
// Thread:  control thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>

#include "base/spsc_ring.h"
#include "data/core_command.h"
#include "io/waker.h"

namespace pear::control {

class Outbox {
 public:
  // Both must outlive the outbox.
  Outbox(base::SpscRing<data::CoreCommand>& commands, io::Waker& core_waker)
      : commands_(commands), core_waker_(core_waker) {}

  void publish(std::shared_ptr<const model::SiteTable> sites) { table_ = std::move(sites); }
  void send(data::CoreCommand command);
  // Moves what has room into the core's queue and wakes the core. Whether nothing is left.
  bool flush();

  [[nodiscard]] std::size_t waiting() const { return waiting_.size() + (table_ ? 1 : 0); }

 private:
  [[nodiscard]] bool push(data::CoreCommand&& command, bool& wake);

  base::SpscRing<data::CoreCommand>& commands_;
  io::Waker& core_waker_;
  std::shared_ptr<const model::SiteTable> table_;  // Null when the core has the latest.
  std::deque<data::CoreCommand> waiting_;
};

}  // namespace pear::control
