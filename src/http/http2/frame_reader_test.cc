#include "http/http2/frame_reader.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/raw_frames.h"

namespace pear::http2 {
namespace {

struct Seen {
  std::string bytes;                              // All pieces, joined.
  std::vector<std::vector<std::uint32_t>> heads;  // Length, type, flags, stream, operand.

  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view all, std::size_t piece_bytes, std::uint8_t dropped_type = 0xff) {
  Seen seen;
  FrameReader reader;
  for (std::size_t at = 0; at < all.size(); at += piece_bytes) {
    const std::string input(all.substr(at, piece_bytes));
    std::span<const char> rest(input);
    for (;;) {
      const FrameReader::Piece piece = reader.next(&rest);
      if (piece.bytes.empty()) break;
      if (piece.head != nullptr) {
        const FrameHead& head = *piece.head;
        seen.heads.push_back({head.length, head.type, head.flags, head.stream, head.operand});
        if (head.type == dropped_type) {
          reader.drop_payload();
          continue;
        }
      }
      seen.bytes.append(piece.bytes.begin(), piece.bytes.end());
    }
    EXPECT_TRUE(rest.empty());
  }
  return seen;
}

std::string example() {
  return std::string(kPreface) + settings({{4, 100}}) + get(1) +
         raw_frame(FrameType::Priority, 0, 3, big_endian(0x80000005) + "\x10") +
         raw_frame(FrameType::Priority, 0, 3, "123") + window_update(0, 77) +
         data_frame(1, "hello") + raw_frame(0x42, 0xff, 0x80000001, "") + data_frame(1, "");
}

TEST(FrameReader, FindsEachHeadAndGivesAllBytes) {
  const Seen seen = read(example(), 1'000'000);
  EXPECT_EQ(seen.bytes, example());
  ASSERT_EQ(seen.heads.size(), 8U);
  EXPECT_EQ(seen.heads[0], (std::vector<std::uint32_t>{6, 4, 0, 0, 0}));
  EXPECT_EQ(seen.heads[2], (std::vector<std::uint32_t>{5, 2, 0, 3, 5}));
  EXPECT_EQ(seen.heads[3], (std::vector<std::uint32_t>{3, 2, 0, 3, 0}));
  EXPECT_EQ(seen.heads[4], (std::vector<std::uint32_t>{4, 8, 0, 0, 77}));
  EXPECT_EQ(seen.heads[6], (std::vector<std::uint32_t>{0, 0x42, 0xff, 1, 0}));
}

TEST(FrameReader, SeesTheSameHoweverTheInputIsCut) {
  const Seen whole = read(example(), 1'000'000);
  for (std::size_t bytes = 1; bytes < example().size(); ++bytes) {
    EXPECT_EQ(read(example(), bytes), whole) << bytes;
  }
}

TEST(FrameReader, LeavesOutFramesThatAreDropped) {
  for (std::size_t bytes = 1; bytes < 60; ++bytes) {
    const Seen seen = read(example(), bytes, 2);
    EXPECT_EQ(seen.bytes.size(), example().size() - 14 - 12) << bytes;
    EXPECT_EQ(seen.heads.size(), 8U);
  }
}

}  // namespace
}  // namespace pear::http2
