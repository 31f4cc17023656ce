// CommandSink, Journal: what the supervisor asks for and what it tells. The control loop implements
// both; tests record.
//
// Thread:  control thread.
#pragma once

#include <span>

#include "base/ids.h"
#include "base/log/logger.h"
#include "data/core_command.h"

namespace pear::supervisor {

class CommandSink {
 public:
  virtual ~CommandSink() = default;

  // The command reaches the core in the order of these calls. Where the core's queue is full it is
  // kept until there is room; a newer wish takes the place of one that it makes pointless.
  virtual void send(CoreId core, data::CoreCommand command) = 0;

  // Supervisor::placements() has changed: to be published before the commands that follow.
  virtual void placements_changed() = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // One line of the log. The views live until it returns.
  virtual void record(const log::Event& event, std::span<const log::Field> fields) = 0;
};

}  // namespace pear::supervisor
