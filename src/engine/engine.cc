#include "engine/engine.h"

#include <utility>

#include "engine/bytes_view.h"

namespace pear::engine {

Outcome<Engine::Handle> Engine::open(const EngineOptions& options, bool pooling) {
  const PearEngineOptions raw{.pooling = pooling,
                              .instances_max = options.instances_max,
                              .memory_bytes_max = options.memory_max.count,
                              .memory_keep_resident = options.memory_keep_resident.count,
                              .table_keep_resident = options.table_keep_resident.count,
                              .wasm_stack_bytes = options.wasm_stack.count,
                              .async_stack_bytes = options.async_stack.count,
                              .files_max = options.files_max,
                              .memories_max = pool_memories(options.instances_max),
                              .tables_max = pool_tables(options.instances_max)};
  OwnedBytes error;
  Handle handle(pear_engine_new(&raw, error.out()));
  if (handle == nullptr) return std::unexpected(error.text());
  return handle;
}

Outcome<std::shared_ptr<const Engine>> Engine::make(const EngineOptions& options) {
  std::string problem;
  auto handle = open(options, true);
  if (!handle) {
    problem = std::move(handle).error();
    handle = open(options, false);
  }
  if (!handle) return std::unexpected(std::move(handle).error());
  return std::make_shared<const Engine>(Key{}, *std::move(handle), std::move(problem));
}

Engine::Engine(Key, Handle engine, std::string pooling_problem)
    : engine_(std::move(engine)), pooling_problem_(std::move(pooling_problem)) {
  fingerprint_ = OwnedBytes(pear_engine_fingerprint(engine_.get())).text();
}

std::string versions() {
  return OwnedBytes(pear_versions()).text();
}

}  // namespace pear::engine
