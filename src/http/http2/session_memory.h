// SessionMemory: where the HTTP/2 sessions of a core take their memory from.
//
// Small blocks come from free lists, one for each size class, that are carved from slabs. Large
// ones (nghttp2's buffers) are slots of whole pages in arenas of 2 MiB: a page of them that was
// never touched takes no memory, and one that is not needed for a while can be given back while its
// owner keeps the slot. Once warm, no request allocates from anywhere else.
//
// Thread: core-local.
// Memory: slabs and arenas are kept until the end; pages of freed large slots go back to the
//         kernel, except those of the frame buffer's size, which the next session takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/head_builder.h"

namespace pear::http2 {

class SessionMemory {
 public:
  SessionMemory();
  // Every session must be gone.
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;
  SessionMemory(SessionMemory&&) = delete;
  SessionMemory& operator=(SessionMemory&&) = delete;

  // As malloc(3), realloc(3) and free(3); blocks are aligned for pointers and 64-bit numbers. Null
  // beyond kBlockBytesMax, or where the kernel gives nothing.
  static constexpr std::size_t kBlockBytesMax = 511 * 4096UL;
  [[nodiscard]] void* allocate(std::size_t bytes);
  [[nodiscard]] void* resize(void* block, std::size_t bytes);
  void release(void* block);

  // Gives the memory of a large block's pages back to the kernel; the block stays, its bytes become
  // zero. Of a small block: nothing happens.
  void forget_contents(void* block);

  // A builder for one header block, and back.
  [[nodiscard]] std::unique_ptr<http::HeadBuilder> take_builder(const http::HeadLimits& limits);
  void give_back(std::unique_ptr<http::HeadBuilder> builder);

  // Bytes of blocks that are in use, as size classes have them. Large ones count in whole pages,
  // whether touched or not.
  [[nodiscard]] std::size_t bytes_in_use() const { return bytes_in_use_; }
  // How often memory was asked of the kernel or the heap.
  [[nodiscard]] std::uint64_t growths() const { return growths_; }
  // Bytes of one block that lie in physical memory now. Asks the kernel: for tests and for figures.
  [[nodiscard]] static std::size_t resident_bytes(void* block);
  [[nodiscard]] static std::size_t block_bytes(void* block);

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kArenaBytes = 512 * kPage;
  static constexpr std::size_t kSlabBytes = 16 * kPage;
  static constexpr std::size_t kClasses = 32;
  static constexpr std::size_t kLargeClasses = 4;
  static constexpr std::size_t kSmallMax = 4096;
  static constexpr std::size_t kBuildersKept = 8;

  // In front of each small block; the link of a free one lies in the block itself.
  struct SmallHeader {
    std::uint64_t size_class = 0;
  };
  struct FreeBlock {
    FreeBlock* next = nullptr;
  };
  // The first page of an arena.
  struct Arena {
    std::uint32_t large_class = 0;
    std::uint32_t free_count = 0;
    Arena* next_with_room = nullptr;
    std::array<std::uint16_t, 512> free_slots{};
  };
  static_assert(sizeof(Arena) <= kPage);

  [[nodiscard]] static std::size_t class_of(std::size_t bytes);
  [[nodiscard]] static std::size_t class_bytes(std::size_t size_class);
  [[nodiscard]] static bool is_large(const void* block);
  [[nodiscard]] static Arena& arena_of(void* block);

  [[nodiscard]] void* allocate_small(std::size_t size_class);
  [[nodiscard]] void* allocate_large(std::size_t bytes);
  void release_large(void* block);
  [[nodiscard]] bool add_slab();
  [[nodiscard]] Arena* add_arena(std::size_t large_class);

  std::array<FreeBlock*, kClasses> free_{};
  std::array<Arena*, kLargeClasses> arenas_with_room_{};
  char* slab_at_ = nullptr;
  std::size_t slab_left_ = 0;
  std::vector<void*> slabs_;   // Owned mappings of kSlabBytes.
  std::vector<void*> arenas_;  // Owned mappings of kArenaBytes.
  std::vector<std::unique_ptr<http::HeadBuilder>> builders_;
  std::size_t bytes_in_use_ = 0;
  std::uint64_t growths_ = 0;
};

}  // namespace pear::http2
