#include "io/chunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pear::io {

static_assert(sizeof(Chunk) == 32);

std::size_t Chunk::capacity() const {
  return (size_ == ChunkSize::Small ? kSmallBlock : kLargeBlock) - sizeof(Chunk);
}

std::size_t Chunk::append(std::string_view bytes) {
  const std::size_t taken = std::min(bytes.size(), capacity() - end_);
  std::memcpy(start() + end_, bytes.data(), taken);
  end_ += static_cast<std::uint32_t>(taken);
  return taken;
}

void ChunkReturn::operator()(Chunk* chunk) const {
  chunk->pool().give_back(chunk);
}

ChunkPool::~ChunkPool() {
  PEAR_ASSERT(bytes_lent_ == 0, "chunks must come back before their pool dies");
  for (Shelf* shelf : {&small_, &large_}) {
    while (shelf->first != nullptr) to_heap(std::exchange(shelf->first, shelf->first->next_));
  }
}

ChunkPtr ChunkPool::take(ChunkSize size) {
  const std::size_t bytes = block_bytes(size);
  bytes_lent_ += bytes;
  Shelf& shelf = shelf_of(size);
  if (shelf.first == nullptr) {
    std::byte* const memory = std::make_unique_for_overwrite<std::byte[]>(bytes).release();
    // Not construct_at(), to which the constructor is private.
    return ChunkPtr(::new (static_cast<void*>(memory)) Chunk(*this, size));
  }
  Chunk* const chunk = std::exchange(shelf.first, shelf.first->next_);
  --shelf.count;
  bytes_kept_ -= bytes;
  chunk->next_ = nullptr;
  chunk->begin_ = 0;
  chunk->end_ = 0;
  return ChunkPtr(chunk);
}

void ChunkPool::give_back(Chunk* chunk) {
  const std::size_t bytes = block_bytes(chunk->size_);
  bytes_lent_ -= bytes;
  Shelf& shelf = shelf_of(chunk->size_);
  const std::size_t kept_max =
      chunk->size_ == ChunkSize::Small ? options_.small_kept_max : options_.large_kept_max;
  if (shelf.count >= kept_max) {
    to_heap(chunk);
    return;
  }
  chunk->next_ = std::exchange(shelf.first, chunk);
  ++shelf.count;
  bytes_kept_ += bytes;
}

void ChunkPool::to_heap(Chunk* chunk) {
  const std::unique_ptr<std::byte[]> memory(reinterpret_cast<std::byte*>(chunk));
}

std::span<char> ByteQueue::prepare(std::size_t bytes_min) {
  PEAR_ASSERT(bytes_min <= Chunk::kLargeBlock - sizeof(Chunk), "no chunk holds so much together");
  if (last_ != nullptr && last_->room().size() >= std::max<std::size_t>(bytes_min, 1)) {
    return last_->room();
  }
  const bool fits_small = bytes_min <= Chunk::kSmallBlock - sizeof(Chunk);
  Chunk* const chunk = pool_->take(fits_small ? ChunkSize::Small : ChunkSize::Large).release();
  (last_ != nullptr ? last_->next_ : first_) = chunk;
  last_ = chunk;
  return chunk->room();
}

void ByteQueue::commit(std::size_t bytes) {
  if (bytes == 0) return;
  PEAR_ASSERT(last_ != nullptr, "prepare() comes first");
  last_->commit(bytes);
  size_ += bytes;
}

void ByteQueue::append(std::string_view bytes) {
  constexpr std::size_t kLargeRoom = Chunk::kLargeBlock - sizeof(Chunk);
  if (bytes.empty()) return;
  if (last_ != nullptr) {
    const std::size_t taken = last_->append(bytes);
    size_ += taken;
    bytes.remove_prefix(taken);
  }
  while (!bytes.empty()) {
    const std::span<char> room = prepare(std::min(bytes.size(), kLargeRoom));
    const std::size_t taken = std::min(bytes.size(), room.size());
    std::memcpy(room.data(), bytes.data(), taken);
    commit(taken);
    bytes.remove_prefix(taken);
  }
}

void ByteQueue::append(ChunkPtr chunk) {
  if (chunk->empty()) return;
  size_ += chunk->size();
  Chunk* const added = chunk.release();
  added->next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = added;
  last_ = added;
}

std::span<const iovec> ByteQueue::views(std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (Chunk* chunk = first_; chunk != nullptr && count < pieces.size(); chunk = chunk->next_) {
    if (chunk->empty()) continue;
    pieces[count] = {.iov_base = chunk->start() + chunk->begin_, .iov_len = chunk->size()};
    ++count;
  }
  return pieces.first(count);
}

std::string_view ByteQueue::front() const {
  for (const Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next_) {
    if (!chunk->empty()) return chunk->view();
  }
  return {};
}

void ByteQueue::consume(std::size_t bytes) {
  PEAR_ASSERT(bytes <= size_, "more was consumed than there was");
  size_ -= bytes;
  while (first_ != nullptr) {
    const std::size_t part = std::min(bytes, first_->size());
    first_->consume(part);
    bytes -= part;
    if (!first_->empty()) break;
    drop_first();
  }
}

void ByteQueue::clear() {
  while (first_ != nullptr) drop_first();
  size_ = 0;
}

std::size_t ByteQueue::peek(std::span<char> target) const {
  std::size_t copied = 0;
  for (const Chunk* chunk = first_; chunk != nullptr && copied < target.size();
       chunk = chunk->next_) {
    const std::size_t part = std::min(chunk->size(), target.size() - copied);
    std::memcpy(target.data() + copied, chunk->view().data(), part);
    copied += part;
  }
  return copied;
}

void ByteQueue::drop_first() {
  const ChunkPtr dropped(std::exchange(first_, first_->next_));
  if (first_ == nullptr) last_ = nullptr;
}

}  // namespace pear::io
