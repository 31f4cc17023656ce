// Arena: memory that lives as long as one exchange and is given back all at once.
//
// Blocks of one size come from the pool of the core; what does not fit in a block gets a block of
// its own from the heap. All of it counts against the limit. No destructor runs: only trivially
// destructible things live here.
//
// Thread: core-local, as is the pool.
// Memory: none until the first allocation. reset() keeps one block, release() keeps nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace pear::base {

// The blocks of a core's arenas: taken, given back, kept for the next.
class ArenaBlockPool {
 public:
  struct Options {
    std::size_t block_bytes = 4096;
    std::size_t idle_max = 1024;  // Blocks kept for reuse; the rest goes back to the heap.
  };

  ArenaBlockPool() : ArenaBlockPool(Options{}) {}
  explicit ArenaBlockPool(const Options& options) : options_(options) {
    PEAR_ASSERT(options.block_bytes >= 256, "a block must hold more than its own links");
  }
  ~ArenaBlockPool() {
    PEAR_ASSERT(lent_ == 0, "an arena must die before its pool");
    while (idle_ != nullptr) to_heap(std::exchange(idle_, idle_->next));
  }

  ArenaBlockPool(const ArenaBlockPool&) = delete;
  ArenaBlockPool& operator=(const ArenaBlockPool&) = delete;
  ArenaBlockPool(ArenaBlockPool&&) = delete;
  ArenaBlockPool& operator=(ArenaBlockPool&&) = delete;

  [[nodiscard]] std::size_t block_bytes() const { return options_.block_bytes; }
  [[nodiscard]] std::size_t blocks_lent() const { return lent_; }
  [[nodiscard]] std::size_t blocks_idle() const { return idle_count_; }

 private:
  friend class Arena;

  // The head of a block; what the arena hands out follows it.
  struct alignas(alignof(std::max_align_t)) Block {
    Block* next;
    std::size_t bytes;  // Of the whole block.
  };

  // A block of at least `bytes` in all.
  [[nodiscard]] Block* take(std::size_t bytes) {
    ++lent_;
    if (bytes <= options_.block_bytes && idle_ != nullptr) {
      --idle_count_;
      return std::exchange(idle_, idle_->next);
    }
    const std::size_t size = std::max(bytes, options_.block_bytes);
    std::byte* const memory = std::make_unique_for_overwrite<std::byte[]>(size).release();
    return std::construct_at(reinterpret_cast<Block*>(memory), nullptr, size);
  }

  void give_back(Block* block) {
    --lent_;
    if (block->bytes != options_.block_bytes || idle_count_ >= options_.idle_max) {
      to_heap(block);
      return;
    }
    block->next = std::exchange(idle_, block);
    ++idle_count_;
  }

  static void to_heap(Block* block) {
    const std::unique_ptr<std::byte[]> memory(reinterpret_cast<std::byte*>(block));
  }

  Options options_;
  Block* idle_ = nullptr;  // Owned; a stack.
  std::size_t idle_count_ = 0;
  std::size_t lent_ = 0;
};

class Arena {
 public:
  // `bytes_max` counts whole blocks. `pool` must outlive the arena.
  Arena(ArenaBlockPool& pool, std::size_t bytes_max) : pool_(&pool), bytes_max_(bytes_max) {}
  ~Arena() { release(); }

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) = delete;
  Arena& operator=(Arena&&) = delete;

  // Uninitialised memory, or null at the limit. `alignment`: a power of two, at most 16.
  [[nodiscard]] void* alloc(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    PEAR_DCHECK(alignment <= alignof(std::max_align_t), "blocks are not aligned to more");
    const std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (current_ != nullptr && start <= current_->bytes && bytes <= current_->bytes - start) {
      used_ = start + bytes;
      return reinterpret_cast<std::byte*>(current_) + start;
    }
    return alloc_in_new_block(bytes);
  }

  // A T made of `args`, or null at the limit.
  template <typename T, typename... Args>
  [[nodiscard]] T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "no destructor runs in an arena");
    void* const memory = alloc(sizeof(T), alignof(T));
    if (memory == nullptr) return nullptr;
    return std::construct_at(static_cast<T*>(memory), std::forward<Args>(args)...);
  }

  // `count` value-initialised Ts, or nothing at the limit.
  template <typename T>
  [[nodiscard]] std::optional<std::span<T>> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "no destructor runs in an arena");
    if (count > bytes_max_ / sizeof(T)) return std::nullopt;
    void* const memory = alloc(count * sizeof(T), alignof(T));
    if (memory == nullptr) return std::nullopt;
    T* const first = static_cast<T*>(memory);
    std::uninitialized_value_construct_n(first, count);
    return std::span<T>(first, count);
  }

  // The same text, living here, or nothing at the limit.
  [[nodiscard]] std::optional<std::string_view> copy(std::string_view text) {
    if (text.empty()) return std::string_view();
    void* const memory = alloc(text.size(), 1);
    if (memory == nullptr) return std::nullopt;
    std::memcpy(memory, text.data(), text.size());
    return std::string_view(static_cast<const char*>(memory), text.size());
  }

  // Forgets everything; keeps one block of the pool, for the next exchange.
  void reset() {
    Block* kept = nullptr;
    while (current_ != nullptr) {
      Block* const block = std::exchange(current_, current_->next);
      if (kept == nullptr && block->bytes == pool_->block_bytes()) {
        kept = block;
      } else {
        pool_->give_back(block);
      }
    }
    if (kept != nullptr) kept->next = nullptr;
    current_ = kept;
    used_ = sizeof(Block);
    bytes_held_ = kept == nullptr ? 0 : kept->bytes;
  }

  // Forgets everything and gives all blocks back.
  void release() {
    while (current_ != nullptr) pool_->give_back(std::exchange(current_, current_->next));
    bytes_held_ = 0;
  }

  // Bytes of all the blocks held: what counts against the limit.
  [[nodiscard]] std::size_t bytes_held() const { return bytes_held_; }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

 private:
  using Block = ArenaBlockPool::Block;

  void* alloc_in_new_block(std::size_t bytes) {
    if (bytes > bytes_max_) return nullptr;
    const std::size_t wanted = std::max(bytes + sizeof(Block), pool_->block_bytes());
    if (wanted > bytes_max_ - bytes_held_) return nullptr;
    Block* const block = pool_->take(wanted);
    bytes_held_ += block->bytes;
    std::byte* const start = reinterpret_cast<std::byte*>(block) + sizeof(Block);
    const bool is_full_of_one = wanted > pool_->block_bytes();
    if (is_full_of_one && current_ != nullptr) {
      // Behind the current block, which goes on filling up.
      block->next = std::exchange(current_->next, block);
      return start;
    }
    block->next = std::exchange(current_, block);
    used_ = sizeof(Block) + bytes;
    return start;
  }

  ArenaBlockPool* pool_;  // Borrowed, never null.
  std::size_t bytes_max_;
  std::size_t bytes_held_ = 0;
  Block* current_ = nullptr;  // Owned; the newest, linked to those before it.
  std::size_t used_ = 0;      // In current_, its head included.
};

}  // namespace pear::base
