// Arena: memory that lives until the end of the request, given back all at once.
//
// What the host hands over (paths, header values) lands here, and so do the copies that the SDK
// keeps for a response. A small first block serves nearly every request; more blocks come from
// malloc and go back at reset(), so that the memory of an instance stays flat over any number of
// requests.
//
// Thread: a guest has one. Memory: the first block is the owner's; the rest is freed by reset().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

namespace pear {

class Arena {
 public:
  explicit constexpr Arena(std::span<std::byte> first)
      : first_(first), next_(first.data()), end_(first.data() + first.size()) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  // Traps when there is no memory left: a guest has nobody to tell.
  // `align` is a power of two, at most 16.
  [[nodiscard]] std::byte* allocate(std::size_t size, std::size_t align) {
    std::byte* start = aligned(next_, align);
    if (start > end_ || size > static_cast<std::size_t>(end_ - start)) start = start_block(size);
    next_ = start + size;
    return start;
  }

  // Makes what allocate() gave larger. In place where it is the newest, otherwise a copy.
  [[nodiscard]] std::byte* grow(std::byte* old, std::size_t old_size, std::size_t align,
                                std::size_t size) {
    if (size <= old_size) return old;
    if (old + old_size == next_ && size <= static_cast<std::size_t>(end_ - old)) {
      next_ = old + size;
      return old;
    }
    std::byte* fresh = allocate(size, align);
    if (old_size > 0) std::memcpy(fresh, old, old_size);
    return fresh;
  }

  // A copy of `text` that lives as long as the arena's contents.
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    std::byte* place = allocate(text.size(), 1);
    std::memcpy(place, text.data(), text.size());
    return {reinterpret_cast<const char*>(place), text.size()};
  }

  // Everything that was allocated is gone.
  void reset() {
    while (newest_ != nullptr) {
      Block* older = newest_->older;
      std::free(newest_);
      newest_ = older;
    }
    next_ = first_.data();
    end_ = first_.data() + first_.size();
  }

  // Blocks beyond the first, for tests.
  [[nodiscard]] std::size_t extra_blocks() const {
    std::size_t count = 0;
    for (const Block* block = newest_; block != nullptr; block = block->older) ++count;
    return count;
  }

 private:
  struct alignas(16) Block {
    Block* older;
  };
  static constexpr std::size_t kBlockBytes = std::size_t{32} * 1024;

  static std::byte* aligned(std::byte* place, std::size_t align) {
    const auto address = reinterpret_cast<std::uintptr_t>(place);
    return place + ((align - (address & (align - 1))) & (align - 1));
  }

  std::byte* start_block(std::size_t size) {
    const std::size_t room = size > kBlockBytes ? size : kBlockBytes;
    if (room > SIZE_MAX - sizeof(Block)) __builtin_trap();
    auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + room));
    if (block == nullptr) __builtin_trap();
    block->older = newest_;
    newest_ = block;
    auto* start = reinterpret_cast<std::byte*>(block + 1);
    end_ = start + room;
    return start;
  }

  std::span<std::byte> first_;
  Block* newest_ = nullptr;
  std::byte* next_;
  std::byte* end_;
};

}  // namespace pear
