#include "http/http2/session_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include <sys/mman.h>

#include "base/assert.h"

#if defined(__SANITIZE_ADDRESS__)
#define PEAR_HTTP2_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PEAR_HTTP2_ASAN
#endif
#endif
#ifdef PEAR_HTTP2_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace pear::http2 {
namespace {

// Pages of a slot, by class. The first holds nghttp2's buffer for one frame, the second and third
// its buffers for one string of a header block, the last one fills an arena.
constexpr std::array<std::size_t, 4> kSlotPages = {5, 17, 40, 511};

// The address sanitizer sees a use after release() only where it is told of it.
void poison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef PEAR_HTTP2_ASAN
  ASAN_POISON_MEMORY_REGION(block, bytes);
#endif
}

void unpoison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef PEAR_HTTP2_ASAN
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
}

void* map_pages(std::size_t bytes) {
  void* const pages =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? nullptr : pages;
}

}  // namespace

SessionMemory::SessionMemory() {
  builders_.reserve(kBuildersKept);
}

SessionMemory::~SessionMemory() {
  PEAR_ASSERT(bytes_in_use_ == 0, "sessions must die before their memory");
  for (void* const slab : slabs_) {
    unpoison(slab, kSlabBytes);
    ::munmap(slab, kSlabBytes);
  }
  for (void* const arena : arenas_) {
    unpoison(arena, kArenaBytes);
    ::munmap(arena, kArenaBytes);
  }
}

// Steps of 16 up to 256, then four for each doubling: at most a fifth of a block is wasted.
std::size_t SessionMemory::class_of(std::size_t bytes) {
  if (bytes <= 256) return bytes == 0 ? 0 : (bytes - 1) / 16;
  const auto log = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // At least 8.
  const std::size_t quarter = (bytes - 1 - (1UL << log)) >> (log - 2);
  return 16 + (log - 8) * 4 + quarter;
}

std::size_t SessionMemory::class_bytes(std::size_t size_class) {
  if (size_class < 16) return (size_class + 1) * 16;
  const std::size_t log = 8 + (size_class - 16) / 4;
  return (1UL << log) + ((size_class - 16) % 4 + 1) * (1UL << (log - 2));
}

// Small blocks lie behind a header of 8 bytes in units of 16: never at the start of a page.
bool SessionMemory::is_large(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block) % kPage == 0;
}

SessionMemory::Arena& SessionMemory::arena_of(void* block) {
  const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) % kArenaBytes;
  return *reinterpret_cast<Arena*>(static_cast<char*>(block) - offset);
}

std::size_t SessionMemory::block_bytes(void* block) {
  if (is_large(block)) return kSlotPages[arena_of(block).large_class] * kPage;
  return class_bytes((static_cast<SmallHeader*>(block) - 1)->size_class);
}

void* SessionMemory::allocate(std::size_t bytes) {
  return bytes <= kSmallMax ? allocate_small(class_of(bytes)) : allocate_large(bytes);
}

void* SessionMemory::allocate_small(std::size_t size_class) {
  const std::size_t bytes = class_bytes(size_class);
  if (FreeBlock* const block = free_[size_class]) {
    unpoison(block, bytes);
    free_[size_class] = block->next;
    bytes_in_use_ += bytes;
    return block;
  }
  const std::size_t unit = (bytes + sizeof(SmallHeader) + 15) & ~15UL;
  if (slab_left_ < unit && !add_slab()) return nullptr;
  auto* const header = reinterpret_cast<SmallHeader*>(slab_at_);
  slab_at_ += unit;
  slab_left_ -= unit;
  unpoison(header, sizeof(SmallHeader) + bytes);
  header->size_class = size_class;
  bytes_in_use_ += bytes;
  return header + 1;
}

// What is left of the slab before is too little for the block that is wanted, and is lost.
bool SessionMemory::add_slab() {
  void* const slab = map_pages(kSlabBytes);
  if (slab == nullptr) return false;
  ++growths_;
  slabs_.push_back(slab);
  poison(slab, kSlabBytes);
  slab_at_ = static_cast<char*>(slab);
  slab_left_ = kSlabBytes;
  return true;
}

SessionMemory::Arena* SessionMemory::add_arena(std::size_t large_class) {
  // A mapping twice as large contains an aligned one; its ends go back at once.
  char* const wide = static_cast<char*>(map_pages(2 * kArenaBytes));
  if (wide == nullptr) return nullptr;
  ++growths_;
  const std::size_t before = (kArenaBytes - reinterpret_cast<std::uintptr_t>(wide)) % kArenaBytes;
  if (before > 0) ::munmap(wide, before);
  ::munmap(wide + before + kArenaBytes, kArenaBytes - before);
  char* const pages = wide + before;
  // Huge pages would make every slot resident with the first.
  ::madvise(pages, kArenaBytes, MADV_NOHUGEPAGE);
  arenas_.push_back(pages);
  auto* const arena = std::construct_at(reinterpret_cast<Arena*>(pages));
  arena->large_class = static_cast<std::uint32_t>(large_class);
  const std::size_t slots = (kArenaBytes / kPage - 1) / kSlotPages[large_class];
  arena->free_count = static_cast<std::uint32_t>(slots);
  for (std::size_t i = 0; i < slots; ++i) {
    arena->free_slots[i] = static_cast<std::uint16_t>(slots - 1 - i);
  }
  poison(pages + kPage, kArenaBytes - kPage);
  arena->next_with_room = std::exchange(arenas_with_room_[large_class], arena);
  return arena;
}

void* SessionMemory::allocate_large(std::size_t bytes) {
  const auto* const fit =
      std::ranges::find_if(kSlotPages, [&](std::size_t pages) { return pages * kPage >= bytes; });
  if (fit == kSlotPages.end()) return nullptr;
  const auto large_class = static_cast<std::size_t>(fit - kSlotPages.begin());
  Arena* arena = arenas_with_room_[large_class];
  if (arena == nullptr) arena = add_arena(large_class);
  if (arena == nullptr) return nullptr;
  const std::size_t slot = arena->free_slots[--arena->free_count];
  if (arena->free_count == 0) arenas_with_room_[large_class] = arena->next_with_room;
  const std::size_t slot_bytes = *fit * kPage;
  char* const block = reinterpret_cast<char*>(arena) + kPage + slot * slot_bytes;
  unpoison(block, slot_bytes);
  bytes_in_use_ += slot_bytes;
  return block;
}

void SessionMemory::release(void* block) {
  if (block == nullptr) return;
  if (is_large(block)) return release_large(block);
  const std::size_t size_class = (static_cast<SmallHeader*>(block) - 1)->size_class;
  const std::size_t bytes = class_bytes(size_class);
  bytes_in_use_ -= bytes;
  auto* const free_block = std::construct_at(static_cast<FreeBlock*>(block));
  free_block->next = std::exchange(free_[size_class], free_block);
  poison(block, bytes);
}

void SessionMemory::release_large(void* block) {
  Arena& arena = arena_of(block);
  const std::size_t bytes = kSlotPages[arena.large_class] * kPage;
  // The next session takes a frame's buffer at once; the others are rare.
  if (arena.large_class != 0) forget_contents(block);
  bytes_in_use_ -= bytes;
  const auto offset =
      static_cast<std::size_t>(static_cast<char*>(block) - reinterpret_cast<char*>(&arena) - kPage);
  if (arena.free_count == 0) {
    arena.next_with_room = std::exchange(arenas_with_room_[arena.large_class], &arena);
  }
  arena.free_slots[arena.free_count++] = static_cast<std::uint16_t>(offset / bytes);
  poison(block, bytes);
}

void* SessionMemory::resize(void* block, std::size_t bytes) {
  if (block == nullptr) return allocate(bytes);
  const std::size_t before = block_bytes(block);
  if (bytes <= before) return block;
  void* const grown = allocate(bytes);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, block, before);
  release(block);
  return grown;
}

void SessionMemory::forget_contents(void* block) {
  if (is_large(block)) ::madvise(block, block_bytes(block), MADV_DONTNEED);
}

std::unique_ptr<http::HeadBuilder> SessionMemory::take_builder(const http::HeadLimits& limits) {
  if (builders_.empty()) {
    ++growths_;
    return std::make_unique<http::HeadBuilder>(limits);
  }
  std::unique_ptr<http::HeadBuilder> builder = std::move(builders_.back());
  builders_.pop_back();
  builder->set_limits(limits);
  return builder;
}

void SessionMemory::give_back(std::unique_ptr<http::HeadBuilder> builder) {
  if (builders_.size() < kBuildersKept) builders_.push_back(std::move(builder));
}

std::size_t SessionMemory::resident_bytes(void* block) {
  const std::size_t bytes = block_bytes(block);
  if (!is_large(block)) return bytes;
  std::array<unsigned char, kArenaBytes / kPage> pages{};
  if (::mincore(block, bytes, pages.data()) != 0) return bytes;
  return kPage * static_cast<std::size_t>(
                     std::ranges::count_if(std::span(pages).first(bytes / kPage),
                                           [](unsigned char page) { return (page & 1U) != 0; }));
}

}  // namespace pear::http2
