// Chunk, ChunkPool, ByteQueue: bytes that must be kept: output that the kernel did not take, the
// beginning of a head whose end has not come.
//
// Reading goes into the reactor's one buffer, and writing goes to the kernel directly where
// possible, so a connection that is idle owns no chunk.
//
// Thread: core-local. A chunk may be read on another thread, but is given back where it was made.
// Memory: blocks of 4 and 16 KiB, kept for reuse up to a bound.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <sys/uio.h>

#include "base/assert.h"

namespace pear::io {

class ChunkPool;

enum class ChunkSize : std::uint8_t { Small, Large };

// The head of a block; its bytes follow it. What has not been read yet is a part of what was
// written.
class Chunk {
 public:
  static constexpr std::size_t kSmallBlock = 4096;
  static constexpr std::size_t kLargeBlock = 16'384;

  [[nodiscard]] std::string_view view() const { return {start() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  // Behind what was written: write there, then commit().
  [[nodiscard]] std::span<char> room() { return {start() + end_, capacity() - end_}; }
  [[nodiscard]] std::size_t capacity() const;

  void commit(std::size_t bytes) {
    PEAR_ASSERT(bytes <= capacity() - end_, "more was written than there was room for");
    end_ += static_cast<std::uint32_t>(bytes);
  }
  void consume(std::size_t bytes) {
    PEAR_ASSERT(bytes <= size(), "more was read than was written");
    begin_ += static_cast<std::uint32_t>(bytes);
  }
  // Takes what there is room for; returns how much.
  std::size_t append(std::string_view bytes);

  [[nodiscard]] ChunkPool& pool() const { return *pool_; }

 private:
  friend class ChunkPool;
  friend class ByteQueue;

  Chunk(ChunkPool& pool, ChunkSize size) : pool_(&pool), size_(size) {}

  [[nodiscard]] char* start() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* start() const { return reinterpret_cast<const char*>(this + 1); }

  Chunk* next_ = nullptr;  // In a queue or a pool, which owns it.
  ChunkPool* pool_;        // Borrowed, never null.
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  ChunkSize size_;
};

// Owns one chunk; gives it back to its pool.
struct ChunkReturn {
  void operator()(Chunk* chunk) const;
};
using ChunkPtr = std::unique_ptr<Chunk, ChunkReturn>;

class ChunkPool {
 public:
  struct Options {
    // Kept for reuse of each size; the rest goes back to the heap.
    std::size_t small_kept_max = 1024;
    std::size_t large_kept_max = 256;
  };

  ChunkPool() : ChunkPool(Options{}) {}
  explicit ChunkPool(const Options& options) : options_(options) {}
  ~ChunkPool();

  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ChunkPool(ChunkPool&&) = delete;
  ChunkPool& operator=(ChunkPool&&) = delete;

  [[nodiscard]] ChunkPtr take(ChunkSize size);

  // Bytes of the blocks that are in use, and of those that are kept.
  [[nodiscard]] std::size_t bytes_lent() const { return bytes_lent_; }
  [[nodiscard]] std::size_t bytes_kept() const { return bytes_kept_; }

 private:
  friend struct ChunkReturn;
  struct Shelf {
    Chunk* first = nullptr;  // Owned; a stack.
    std::size_t count = 0;
  };

  [[nodiscard]] static std::size_t block_bytes(ChunkSize size) {
    return size == ChunkSize::Small ? Chunk::kSmallBlock : Chunk::kLargeBlock;
  }
  [[nodiscard]] Shelf& shelf_of(ChunkSize size) {
    return size == ChunkSize::Small ? small_ : large_;
  }
  void give_back(Chunk* chunk);
  static void to_heap(Chunk* chunk);

  Options options_;
  Shelf small_;
  Shelf large_;
  std::size_t bytes_lent_ = 0;
  std::size_t bytes_kept_ = 0;
};

// Bytes in, in order, bytes out. Empty, it owns nothing but itself: 32 bytes.
class ByteQueue {
 public:
  // `pool` must outlive the queue.
  explicit ByteQueue(ChunkPool& pool) : pool_(&pool) {}
  ~ByteQueue() { clear(); }

  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;
  ByteQueue(ByteQueue&&) = delete;
  ByteQueue& operator=(ByteQueue&&) = delete;

  // Copies `bytes` to the end. The caller keeps an eye on size(): there is no other bound.
  void append(std::string_view bytes);
  // Puts a chunk at the end without copying; one that is empty goes back to its pool.
  void append(ChunkPtr chunk);
  // Room for at least `bytes_min` (up to 16 KiB less the head of a chunk) to write into; then
  // commit(). For what is formatted or read in place.
  [[nodiscard]] std::span<char> prepare(std::size_t bytes_min);
  void commit(std::size_t bytes);

  // Points `pieces` at the first bytes, for writev(); returns how many it used. Valid until the
  // next change.
  [[nodiscard]] std::span<const iovec> views(std::span<iovec> pieces) const;
  // The first bytes that lie together; empty only when the queue is.
  [[nodiscard]] std::string_view front() const;
  // Drops the first `bytes`, and frees every chunk that is done with.
  void consume(std::size_t bytes);
  void clear();
  // Copies the first bytes, as many as fit in `target`, without consuming them; returns how many.
  [[nodiscard]] std::size_t peek(std::span<char> target) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  void drop_first();

  ChunkPool* pool_;         // Borrowed, never null.
  Chunk* first_ = nullptr;  // Owned, linked. One that was prepared may be empty.
  Chunk* last_ = nullptr;
  std::size_t size_ = 0;
};
static_assert(sizeof(ByteQueue) == 32, "every connection has two");

}  // namespace pear::io
