// Serving in this process: what `pear serve` and `pear up --no-keeper` share.
//
// Thread: main.
#pragma once

#include "cli/engines.h"
#include "cli/keeper_memory.h"
#include "cli/last_good.h"
#include "cli/site_options.h"
#include "keeper/inheritance.h"
#include "keeper/listener_set.h"

namespace pear::cli {

// Threads that serve: as configured, else as many as the process may use.
[[nodiscard]] std::uint32_t core_count(const config::Settings& settings);

struct Serving {
  SiteOptions site;
  config::LoadResult loaded;  // With settings.
  LastGood last_good;
  KeeperMemory memory;
  int ready_fd = -1;
  bool has_keeper = false;
  keeper::History history = {};
};

// Serves until it is told to stop; the exit code. What a reload cannot change (addresses, cores)
// stays as it is at the start, and a warning says so.
[[nodiscard]] int serve_here(Serving serving, keeper::ListenerSet listeners,
                             const Engines& engines);

// The settings that `pear serve` starts with: those of the files, or, where these are broken, what
// the server before this one served with. Shows problems.
[[nodiscard]] config::LoadResult load_for_serving(const SiteOptions& site,
                                                  const LastGood& last_good,
                                                  const Terminal& terminal);

}  // namespace pear::cli
