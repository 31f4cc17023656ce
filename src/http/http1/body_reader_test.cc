#include "http/http1/body_reader.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace pear::http1 {
namespace {

using http::Field;
using http::Framing;
using Event = BodyReader::Event;

TEST(BodyReader, IsDoneAtOnceWhereThereIsNoBody) {
  std::string next = "GET /";
  std::array<Field, 1> storage;
  BodyReader none(Framing::None, 0, {});
  BodyReader empty(Framing::Length, 0, {});

  EXPECT_EQ(none.read(next, storage), Event::Done);
  EXPECT_EQ(none.consumed(), 0U);
  EXPECT_EQ(empty.read(next, storage), Event::Done);
  EXPECT_EQ(empty.consumed(), 0U);
}

TEST(BodyReader, TakesExactlyTheLength) {
  std::string first = "he";
  std::string second = "lloGET /";
  std::array<Field, 1> storage;
  BodyReader reader(Framing::Length, 5, {});

  ASSERT_EQ(reader.read(first, storage), Event::Data);
  EXPECT_EQ(reader.data(), "he");
  EXPECT_EQ(reader.read({}, storage), Event::NeedMore);
  ASSERT_EQ(reader.read(second, storage), Event::Data);
  EXPECT_EQ(reader.data(), "llo");
  EXPECT_EQ(reader.consumed(), 3U);
  EXPECT_EQ(reader.read(std::span(second).subspan(3), storage), Event::Done);
  EXPECT_EQ(reader.consumed(), 0U);
}

TEST(BodyReader, HoldsTheLimitForEveryFraming) {
  std::string six = "abcdef";
  std::array<Field, 1> storage;

  BodyReader fits(Framing::Length, 5, {.body_max = 5});
  EXPECT_EQ(fits.read(six, storage), Event::Data);
  BodyReader longer(Framing::Length, 6, {.body_max = 5});
  ASSERT_EQ(longer.read({}, storage), Event::Refused);
  EXPECT_EQ(longer.refusal().status, 413);

  BodyReader open(Framing::UntilClose, 0, {.body_max = 5});
  ASSERT_EQ(open.read(six, storage), Event::Data);
  EXPECT_EQ(open.data(), "abcde");
  EXPECT_EQ(open.read({}, storage), Event::NeedMore);
  EXPECT_EQ(open.read(std::span(six).subspan(5), storage), Event::Refused);

  std::string chunked = "6\r\nabcdef";
  BodyReader chunks(Framing::Chunked, 0, {.body_max = 5});
  ASSERT_EQ(chunks.read(chunked, storage), Event::Refused);
  EXPECT_EQ(chunks.refusal().status, 413);
}

TEST(BodyReader, KnowsWhichBodiesMayEndWithTheConnection) {
  EXPECT_TRUE(BodyReader(Framing::UntilClose, 0, {}).ended_by_close());
  EXPECT_FALSE(BodyReader(Framing::Length, 1, {}).ended_by_close());
  EXPECT_FALSE(BodyReader(Framing::Chunked, 0, {}).ended_by_close());
}

}  // namespace
}  // namespace pear::http1
