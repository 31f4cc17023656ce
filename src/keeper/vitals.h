// Vitals: the part of the shared memory (shared_memory.h) that the keeper reads: what the server's
// threads show of themselves, what a server that crashed says it died of, and which sites it left
// out. Plain words, each checked by itself: a server that broke can write anything, and the keeper
// does no more with it than log it, signal a thread of that very server, or leave a site out.
//
// The server writes, the keeper reads. What lies there is of the server whose number `start` says;
// of any other it is the past.
//
// Thread: any; each word says whose it is.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/vital_signs.h"

namespace pear::keeper {

using base::QuarantinedSite;

struct Vitals {
  static constexpr std::size_t kCoresMax = 1'024;
  static constexpr std::size_t kControl = 0;    // Index of the control thread,
  static constexpr std::size_t kCompiler = 1;   // of the worker that reads and compiles components,
  static constexpr std::size_t kFirstCore = 2;  // and of core 0.
  static constexpr std::size_t kThreadsMax = kFirstCore + kCoresMax;
  static constexpr std::size_t kQuarantineMax = 64;

  // The number of the server that wrote the rest, from 1; 0: none yet. Stored last of begin().
  std::atomic<std::uint32_t> start{0};
  std::atomic<std::uint32_t> thread_count{0};

  // By the handler of a crash signal: crashed_start = start once blamed_site is written.
  std::atomic<std::uint32_t> crashed_start{0};
  std::atomic<base::SiteKey> blamed_site{};
  // By the handler that writes a stack: = start once it is written.
  std::atomic<std::uint32_t> stack_written_start{0};

  // By the control thread: the site whose cages hold the most memory.
  std::atomic<base::SiteKey> largest_site{};

  // By the control thread: the sites that are left out. quarantine_start = start once it is said.
  struct Quarantined {
    std::atomic<base::SiteKey> site{};
    std::atomic<std::uint64_t> component{0};
  };
  std::atomic<std::uint32_t> quarantine_start{0};
  std::atomic<std::uint32_t> quarantine_count{0};
  std::array<Quarantined, kQuarantineMax> quarantine{};

  std::array<base::VitalSigns, kThreadsMax> threads{};

  // By a server, before it has other threads: what former ones left is gone.
  void begin(std::uint32_t number, std::size_t cores);
  void tell_quarantine(std::span<const QuarantinedSite> sites);

  // For the keeper, of the server with this number. Nothing where that one did not say.
  [[nodiscard]] bool is_of(std::uint32_t number) const;
  [[nodiscard]] base::SiteKey blame_of_crash(std::uint32_t number) const;
  // The sites that it left out. False: it did not come so far.
  [[nodiscard]] bool read_quarantine(std::uint32_t number,
                                     std::vector<QuarantinedSite>& sites) const;
};

// Vitals of a process that has no keeper.
[[nodiscard]] inline std::shared_ptr<Vitals> vitals_alone() {
  return std::make_shared<Vitals>();
}

}  // namespace pear::keeper
