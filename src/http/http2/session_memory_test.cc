#include "http/http2/session_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http2 {
namespace {

TEST(SessionMemory, GivesBlocksOfEverySizeThatDoNotOverlap) {
  SessionMemory memory;
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < 200'000; bytes = bytes * 5 / 4 + 1) {
    for (int i = 0; i < 3; ++i) {
      auto* const block = static_cast<unsigned char*>(memory.allocate(bytes));
      ASSERT_NE(block, nullptr) << bytes;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 8, 0U);
      EXPECT_GE(SessionMemory::block_bytes(block), bytes);
      std::memset(block, static_cast<int>(blocks.size() % 251), bytes);
      blocks.emplace_back(block, bytes);
    }
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t at = 0; at < blocks[i].second; ++at) {
      ASSERT_EQ(blocks[i].first[at], i % 251);
    }
  }
  for (const auto& [block, bytes] : blocks) memory.release(block);
  EXPECT_EQ(memory.bytes_in_use(), 0U);
}

TEST(SessionMemory, WastesAtMostAQuarterOfASmallBlock) {
  SessionMemory memory;
  for (std::size_t bytes = 64; bytes <= 4096; ++bytes) {
    void* const block = memory.allocate(bytes);
    EXPECT_LE(SessionMemory::block_bytes(block), bytes + std::max<std::size_t>(bytes / 4, 15));
    memory.release(block);
  }
}

TEST(SessionMemory, TakesNothingMoreForWhatItHadBefore) {
  SessionMemory memory;
  const auto round = [&] {
    std::vector<void*> blocks;
    for (const std::size_t bytes : {10U, 300U, 3'000U, 16'400U, 60'000U}) {
      for (int i = 0; i < 20; ++i) blocks.push_back(memory.allocate(bytes));
    }
    for (void* const block : blocks) memory.release(block);
  };
  round();
  const std::uint64_t before = memory.growths();
  for (int i = 0; i < 20; ++i) round();
  EXPECT_EQ(memory.growths(), before);
}

TEST(SessionMemory, KeepsTheBytesOfABlockThatGrows) {
  SessionMemory memory;
  auto* block = static_cast<unsigned char*>(memory.resize(nullptr, 20));
  std::memset(block, 7, 20);
  for (const std::size_t bytes : {100U, 4'000U, 5'000U, 100'000U}) {
    block = static_cast<unsigned char*>(memory.resize(block, bytes));
    ASSERT_NE(block, nullptr);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(block[i], 7);
  }
  memory.release(block);
}

TEST(SessionMemory, CountsOnlyPagesOfALargeBlockThatWereTouched) {
  SessionMemory memory;
  auto* const block = static_cast<char*>(memory.allocate(16'400));
  EXPECT_EQ(SessionMemory::resident_bytes(block), 0U);
  block[0] = 1;
  EXPECT_EQ(SessionMemory::resident_bytes(block), 4'096U);
  std::memset(block, 1, 16'400);
  EXPECT_EQ(SessionMemory::resident_bytes(block), 20'480U);
  memory.forget_contents(block);
  EXPECT_EQ(SessionMemory::resident_bytes(block), 0U);
  EXPECT_EQ(block[0], 0);
  memory.release(block);
}

TEST(SessionMemory, RefusesWhatIsBeyondItsLargestBlock) {
  SessionMemory memory;
  void* const block = memory.allocate(SessionMemory::kBlockBytesMax);
  EXPECT_NE(block, nullptr);
  EXPECT_EQ(memory.allocate(SessionMemory::kBlockBytesMax + 1), nullptr);
  EXPECT_EQ(memory.resize(block, SessionMemory::kBlockBytesMax + 1), nullptr);
  memory.release(block);
}

TEST(SessionMemory, LendsItsBuildersAgain) {
  SessionMemory memory;
  auto builder = memory.take_builder({});
  const auto* const first = builder.get();
  memory.give_back(std::move(builder));
  const std::uint64_t before = memory.growths();
  builder = memory.take_builder({.request_line_max = 1});
  EXPECT_EQ(builder.get(), first);
  EXPECT_EQ(memory.growths(), before);
  builder->begin_head();
  builder->add(":path", "/a");
  EXPECT_EQ(builder->fault(), http::HeadBuilder::Fault::Answer) << "the new limits count";
}

}  // namespace
}  // namespace pear::http2
