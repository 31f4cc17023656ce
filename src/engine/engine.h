// Engine: compiles components and holds the pool that their instances live in.
//
// Thread: any. One for the process, made before anything that runs guests.
// Owner:  shared_ptr; images keep it alive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <pear_rust.h>

#include "base/bytes.h"
#include "engine/outcome.h"

namespace pear::engine {

// Memories and tables of a pool for so many instances: most have one memory and up to three tables.
constexpr std::uint32_t pool_memories(std::uint32_t instances) {
  return instances + instances / 4 + 4;
}
constexpr std::uint32_t pool_tables(std::uint32_t instances) {
  return instances * 3;
}

struct EngineOptions {
  std::uint32_t instances_max = 1'000;  // Guests alive in the process, all sites together.
  std::uint32_t files_max = 1'000;      // Descriptors that the guests of all sites hold together.
  Bytes memory_max = 256_MiB;           // The largest linear memory that any site permits.
  // Written bytes of a memory and of a table that are reset and kept when an instance ends,
  // instead of being given back to the kernel, which interrupts all cores and makes the next
  // instance fault. So much stays with the process for each instance that was ever alive at the
  // same time. At most 64 KiB before Linux 6.7, which cannot tell what was written.
  Bytes memory_keep_resident = 8_MiB;  // Python's instances write 7 MiB.
  Bytes table_keep_resident = 1_MiB;
  Bytes wasm_stack = 512_KiB;
  Bytes async_stack = 1_MiB;  // Of guest code and host functions together.
};

class Engine {
 private:
  // Only make() has one: make_shared needs a public constructor.
  struct Key {
    explicit Key() = default;
  };
  struct Free {
    void operator()(PearEngine* engine) const { pear_engine_free(engine); }
  };
  using Handle = std::unique_ptr<PearEngine, Free>;

 public:
  // With preallocated slots where the address space allows them, else with memory made on demand:
  // slower, and said by pooling_problem().
  [[nodiscard]] static Outcome<std::shared_ptr<const Engine>> make(const EngineOptions& options);

  Engine(Key key, Handle engine, std::string pooling_problem);

  // Ends the slice of every running guest. Called by Ticker.
  void tick() const { pear_engine_tick(engine_.get()); }

  // What, besides a component's bytes, decides whether compiled code fits.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  [[nodiscard]] bool pooling() const { return pooling_problem_.empty(); }
  // Why there is no pool; empty when there is one.
  [[nodiscard]] const std::string& pooling_problem() const { return pooling_problem_; }

  // For the module's own classes.
  [[nodiscard]] const PearEngine* raw() const { return engine_.get(); }

 private:
  static Outcome<Handle> open(const EngineOptions& options, bool pooling);

  Handle engine_;
  std::string pooling_problem_;
  std::string fingerprint_;
};

// To be called once by each thread that runs guests, before its first instance.
inline void prepare_thread() {
  pear_thread_init();
}

// One line: the versions of the engines inside.
[[nodiscard]] std::string versions();

}  // namespace pear::engine
