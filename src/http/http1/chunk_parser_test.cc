#include "http/http1/chunk_parser.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace pear::http1 {
namespace {

using http::Field;
using Event = ChunkParser::Event;

// A body, read to its end from a buffer that holds it whole.
struct Whole {
  explicit Whole(std::string input, const ChunkLimits& limits = {})
      : text(std::move(input)), parser(limits) {
    std::span<char> left(text);
    do {
      event = parser.parse(left, storage);
      body += parser.data();
      consumed += parser.consumed();
      left = left.subspan(parser.consumed());
    } while (event == Event::Data);
  }

  [[nodiscard]] int status() const { return event == Event::Refused ? parser.refusal().status : 0; }

  std::string text;
  ChunkParser parser;
  std::array<Field, 16> storage;
  Event event{};
  std::string body;
  std::size_t consumed = 0;
};

TEST(ChunkParser, JoinsChunksAndStopsBehindTheBody) {
  const Whole whole("5\r\nhello\r\n7;ext=\"a;b\"\r\n, world\r\n0\r\n\r\nGET /");

  EXPECT_EQ(whole.event, Event::Done);
  EXPECT_EQ(whole.body, "hello, world");
  EXPECT_EQ(whole.text.substr(whole.consumed), "GET /");
  EXPECT_EQ(whole.parser.body_bytes(), 12U);
  EXPECT_TRUE(whole.parser.trailers().empty());
}

TEST(ChunkParser, GivesTrailersWithNamesInLowerCase) {
  const Whole whole("1\r\nx\r\n00\r\nServer-Timing: a \r\nX-Y:\r\n\r\n");

  ASSERT_EQ(whole.event, Event::Done);
  ASSERT_EQ(whole.parser.trailers().size(), 2U);
  EXPECT_EQ(whole.parser.trailers()[0], (Field{"server-timing", "a"}));
  EXPECT_EQ(whole.parser.trailers()[1], (Field{"x-y", ""}));
}

TEST(ChunkParser, GivesDataAsSoonAsItIsThereWithoutACopy) {
  std::string first = "A\r\n0123";
  std::string second = "456789\r";
  ChunkParser parser({});
  std::array<Field, 4> storage;

  ASSERT_EQ(parser.parse(first, storage), Event::Data);
  EXPECT_EQ(parser.data(), "0123");
  EXPECT_EQ(parser.data().data(), first.data() + 3);
  EXPECT_EQ(parser.consumed(), first.size());
  EXPECT_EQ(parser.parse({}, storage), Event::NeedMore);

  ASSERT_EQ(parser.parse(second, storage), Event::Data);
  EXPECT_EQ(parser.data(), "456789");
  EXPECT_EQ(parser.parse(std::span(second).subspan(6), storage), Event::NeedMore);
  EXPECT_EQ(parser.consumed(), 1U);
}

TEST(ChunkParser, KeepsTrailersUnconsumedUntilTheyAreWhole) {
  std::string early = "0\r\nX: y\r\nZ";
  ChunkParser parser({});
  std::array<Field, 4> storage;

  ASSERT_EQ(parser.parse(early, storage), Event::NeedMore);
  ASSERT_EQ(parser.consumed(), 3U);
  std::string late = early.substr(3) + ": w\r\n\r\nrest";
  early.assign(early.size(), '#');  // A view into the old place would show.
  ASSERT_EQ(parser.parse(late, storage), Event::Done);

  EXPECT_EQ(parser.consumed(), late.size() - 4);
  EXPECT_EQ(parser.trailers()[0], (Field{"x", "y"}));
  EXPECT_EQ(parser.trailers()[1], (Field{"z", "w"}));
}

TEST(ChunkParser, ReadsSixteenDigitsAndNoMore) {
  EXPECT_EQ(Whole("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n").event, Event::Done);
  EXPECT_EQ(Whole("00000000000000001\r\nx\r\n0\r\n\r\n").status(), 400);
  EXPECT_EQ(Whole("0\r\n\r\n").event, Event::Done);
}

TEST(ChunkParser, HoldsTheLimitOfTheBodyBeforeItReadsTheChunk) {
  EXPECT_EQ(Whole("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", {.body_max = 5}).event, Event::Done);
  EXPECT_EQ(Whole("3\r\nabc\r\n3\r\n", {.body_max = 5}).status(), 413);
  EXPECT_EQ(Whole("ffffffffffffffff\r\n", {.body_max = 5}).status(), 413);
}

TEST(ChunkParser, HoldsTheLimitOfAllExtensionsTogether) {
  const std::string body = "1;ab\r\nx\r\n1;cd\r\ny\r\n0\r\n\r\n";

  EXPECT_EQ(Whole(body, {.extension_max = 6}).event, Event::Done);
  EXPECT_EQ(Whole(body, {.extension_max = 5}).status(), 400);
  EXPECT_EQ(Whole("1;" + std::string(10'000, 'a')).status(), 400);
}

TEST(ChunkParser, HoldsTheLimitsOfTrailers) {
  const std::string body = "0\r\nA: b\r\nC: d\r\n\r\n";  // 14 bytes of trailers.

  EXPECT_EQ(Whole(body, {.trailer_max = 14}).event, Event::Done);
  EXPECT_EQ(Whole(body, {.trailer_max = 13}).status(), 431);
  EXPECT_EQ(Whole(body, {.fields_max = 2}).event, Event::Done);
  EXPECT_EQ(Whole(body, {.fields_max = 1}).status(), 431);
}

TEST(ChunkParser, StaysRefused) {
  std::string bad = "x";
  std::string good = "0\r\n\r\n";
  ChunkParser parser({});
  std::array<Field, 1> storage;

  ASSERT_EQ(parser.parse(bad, storage), Event::Refused);
  EXPECT_EQ(parser.parse(good, storage), Event::Refused);
}

}  // namespace
}  // namespace pear::http1
