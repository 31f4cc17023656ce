// BodyChunk, BodyChunkPool, BodyQueue: body bytes between a connection and a guest.
//
// A chunk is filled by the core that made it, read by the other side, and comes back to its maker
// to be used again: memory is never freed by a core that did not allocate it.
//
// However small the pieces are in which a body comes, they share chunks. Whoever fills one hands it
// over at once while the other side has fewer than kPartsOut; beyond that the other side has enough
// to do, and the chunk is filled further until it is full, one comes home or the body ends. So a
// body of n bytes in pieces of one never has more than n / kBytes + kPartsOut + 1 chunks, and its
// pieces are never late.
//
// Thread: a pool and a queue are core-local; a chunk belongs to one core at a time.
// Memory: a pool keeps up to kKeptMax chunks; the limits on bodies bound what is out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/ids.h"

namespace pear::data {

struct BodyChunk {  // NOLINT(*-member-init): its bytes are written before they are read.
  static constexpr std::size_t kBytes = 16UL * 1024 - 24;
  // A chunk that is not full waits for more while so many of its body are out.
  static constexpr std::uint32_t kPartsOut = 2;

  BodyChunk* next = nullptr;  // In a queue or a pool; owned by it.
  CoreId maker{};
  bool from_guest = false;  // Part of a response: its return is a credit for the guest.
  std::uint32_t begin = 0;  // The bytes not yet read are begin … end.
  std::uint32_t end = 0;
  std::array<char, kBytes> bytes;

  [[nodiscard]] std::string_view view() const { return {bytes.data() + begin, end - begin}; }
  [[nodiscard]] std::size_t room() const { return kBytes - end; }
  // Takes what fits of `text`; gives the number of bytes taken.
  std::size_t append(std::string_view text) {
    const std::size_t taken = std::min(text.size(), room());
    std::memcpy(bytes.data() + end, text.data(), taken);
    end += static_cast<std::uint32_t>(taken);
    return taken;
  }
};
static_assert(sizeof(BodyChunk) == 16UL * 1024);

class BodyChunkPool {
 public:
  static constexpr std::size_t kKeptMax = 256;

  explicit BodyChunkPool(CoreId core) : core_(core) {}
  ~BodyChunkPool() {
    while (first_ != nullptr) std::unique_ptr<BodyChunk>(std::exchange(first_, first_->next));
  }
  BodyChunkPool(const BodyChunkPool&) = delete;
  BodyChunkPool& operator=(const BodyChunkPool&) = delete;
  BodyChunkPool(BodyChunkPool&&) = delete;
  BodyChunkPool& operator=(BodyChunkPool&&) = delete;

  [[nodiscard]] BodyChunk* take() {
    ++lent_;
    if (first_ == nullptr) {
      auto fresh = std::make_unique_for_overwrite<BodyChunk>();
      fresh->next = nullptr;
      fresh->maker = core_;
      fresh->begin = fresh->end = 0;
      fresh->from_guest = false;
      return fresh.release();
    }
    BodyChunk* const chunk = std::exchange(first_, first_->next);
    --kept_;
    chunk->next = nullptr;
    chunk->begin = chunk->end = 0;
    chunk->from_guest = false;
    return chunk;
  }
  void give_back(BodyChunk* chunk) {
    PEAR_ASSERT(chunk->maker == core_, "a chunk came home to the wrong core");
    --lent_;
    if (kept_ == kKeptMax) {
      const std::unique_ptr<BodyChunk> last(chunk);
      return;
    }
    chunk->next = std::exchange(first_, chunk);
    ++kept_;
  }

  // Chunks that are in use, and those that wait for it.
  [[nodiscard]] std::size_t lent() const { return lent_; }
  [[nodiscard]] std::size_t kept() const { return kept_; }

 private:
  CoreId core_;
  BodyChunk* first_ = nullptr;  // Owned.
  std::size_t kept_ = 0;
  std::size_t lent_ = 0;
};

// Chunks in order. It does not own a pool: whoever empties it says where the chunks go.
class BodyQueue {
 public:
  BodyQueue() = default;
  ~BodyQueue() { PEAR_ASSERT(first_ == nullptr, "chunks of a body were lost"); }
  BodyQueue(const BodyQueue&) = delete;
  BodyQueue& operator=(const BodyQueue&) = delete;
  BodyQueue(BodyQueue&&) = delete;
  BodyQueue& operator=(BodyQueue&&) = delete;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] BodyChunk* front() const { return first_; }
  [[nodiscard]] BodyChunk* back() const { return last_; }

  void push(BodyChunk* chunk) {
    chunk->next = nullptr;
    (last_ != nullptr ? last_->next : first_) = chunk;
    last_ = chunk;
    bytes_ += chunk->view().size();
  }
  // Notes that `n` bytes were appended to back().
  void grew(std::size_t n) { bytes_ += n; }
  // Notes that `n` bytes of front() were read; the chunk stays until pop().
  void read(std::size_t n) {
    first_->begin += static_cast<std::uint32_t>(n);
    bytes_ -= n;
  }
  // Takes the first chunk out, read or not.
  [[nodiscard]] BodyChunk* pop() {
    BodyChunk* const chunk = first_;
    bytes_ -= chunk->view().size();
    first_ = chunk->next;
    if (first_ == nullptr) last_ = nullptr;
    chunk->next = nullptr;
    return chunk;
  }

 private:
  BodyChunk* first_ = nullptr;
  BodyChunk* last_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace pear::data
