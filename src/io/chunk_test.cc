#include "io/chunk.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace pear::io {
namespace {

constexpr std::size_t kSmallRoom = Chunk::kSmallBlock - sizeof(Chunk);
constexpr std::size_t kLargeRoom = Chunk::kLargeBlock - sizeof(Chunk);

std::string bytes_of(const ByteQueue& queue) {
  std::string bytes(queue.size(), '\0');
  EXPECT_EQ(queue.peek(bytes), bytes.size());
  return bytes;
}

TEST(ByteQueue, OwnsNoChunkWhileItIsEmpty) {
  ChunkPool pool;
  ByteQueue queue(pool);
  EXPECT_EQ(pool.bytes_lent(), 0U);
  queue.append("x");
  EXPECT_EQ(pool.bytes_lent(), Chunk::kSmallBlock);
  queue.consume(1);
  EXPECT_EQ(pool.bytes_lent(), 0U);
  EXPECT_TRUE(queue.front().empty());
}

TEST(ByteQueue, TakesASmallChunkForWhatFitsAndALargeOneForMore) {
  ChunkPool pool;
  ByteQueue queue(pool);
  queue.append(std::string(kSmallRoom, 'x'));
  EXPECT_EQ(pool.bytes_lent(), Chunk::kSmallBlock);
  queue.append(std::string(kSmallRoom + 1, 'x'));
  EXPECT_EQ(pool.bytes_lent(), Chunk::kSmallBlock + Chunk::kLargeBlock);
  queue.clear();
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(ByteQueue, GivesPiecesForWritingUpToTheNumberAskedFor) {
  ChunkPool pool;
  ByteQueue queue(pool);
  for (int i = 0; i < 3; ++i) {
    ChunkPtr chunk = pool.take(ChunkSize::Small);
    chunk->append(std::string(3, static_cast<char>('a' + i)));
    queue.append(std::move(chunk));
  }
  queue.consume(1);
  std::array<iovec, 2> two{};
  EXPECT_EQ(queue.views(two).size(), 2U);
  EXPECT_EQ(two[0].iov_len, 2U);
  std::array<iovec, 8> many{};
  const auto pieces = queue.views(many);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(std::string(static_cast<const char*>(pieces[2].iov_base), pieces[2].iov_len), "ccc");
}

TEST(ByteQueue, KeepsWhatWasPreparedAndCommitted) {
  ChunkPool pool;
  ByteQueue queue(pool);
  const auto room = queue.prepare(kLargeRoom);
  ASSERT_GE(room.size(), kLargeRoom);
  std::ranges::fill(room.first(5), 'p');
  queue.commit(5);
  EXPECT_EQ(queue.front(), "ppppp");
  static_cast<void>(queue.prepare(10));
  queue.commit(0);
  queue.append("end");
  EXPECT_EQ(bytes_of(queue), "pppppend");
}

TEST(ByteQueue, FreesAnEmptyChunkThatIsAppended) {
  ChunkPool pool;
  ByteQueue queue(pool);
  queue.append(pool.take(ChunkSize::Large));
  EXPECT_EQ(pool.bytes_lent(), 0U);
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueue, BehavesLikeAStringWhateverIsDoneToIt) {
  std::mt19937_64 random(11);
  ChunkPool pool;
  ByteQueue queue(pool);
  std::string model;
  for (int step = 0; step < 5000; ++step) {
    const std::size_t length = random() % (std::size_t{1} << (random() % 16));
    const std::string bytes(length, static_cast<char>('a' + random() % 26));
    switch (random() % 5) {
      case 0:
        queue.append(bytes);
        model += bytes;
        break;
      case 1: {
        const std::size_t part = std::min(length, kLargeRoom);
        std::ranges::copy(bytes.substr(0, part), queue.prepare(part).begin());
        queue.commit(part);
        model += bytes.substr(0, part);
        break;
      }
      case 2: {
        ChunkPtr chunk = pool.take(random() % 2 == 0 ? ChunkSize::Small : ChunkSize::Large);
        model += bytes.substr(0, chunk->append(bytes));
        queue.append(std::move(chunk));
        break;
      }
      default: {
        const std::size_t part = std::min(length * 2, model.size());
        queue.consume(part);
        model.erase(0, part);
        break;
      }
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.front().empty(), model.empty());
    ASSERT_TRUE(model.starts_with(queue.front()));
    if (step % 16 == 0) {
      ASSERT_EQ(bytes_of(queue), model);
    }
  }
  queue.clear();
  EXPECT_EQ(pool.bytes_lent(), 0U);
}

TEST(ChunkPool, KeepsChunksForReuseUpToItsBound) {
  ChunkPool pool({.small_kept_max = 1, .large_kept_max = 1});
  {
    const ChunkPtr first = pool.take(ChunkSize::Small);
    const ChunkPtr second = pool.take(ChunkSize::Small);
    const ChunkPtr large = pool.take(ChunkSize::Large);
    EXPECT_EQ(first->capacity(), kSmallRoom);
    EXPECT_EQ(large->capacity(), kLargeRoom);
  }
  EXPECT_EQ(pool.bytes_lent(), 0U);
  EXPECT_EQ(pool.bytes_kept(), Chunk::kSmallBlock + Chunk::kLargeBlock);
  const ChunkPtr again = pool.take(ChunkSize::Small);
  EXPECT_EQ(pool.bytes_kept(), Chunk::kLargeBlock);
  EXPECT_TRUE(again->empty());
  EXPECT_EQ(again->room().size(), kSmallRoom);
}

}  // namespace
}  // namespace pear::io
