#include "http/http1/serialiser.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http1/request_parser.h"
#include "http/http1/request_serialiser.h"

namespace pear::http1 {
namespace {

using namespace std::string_view_literals;
using http::Field;
using http::Framing;
using http::Method;
using http::Version;

std::string written(const ResponseHead& head) {
  std::array<char, 1024> out{};
  const auto size = write_response_head(head, out);
  return size ? std::string(out.data(), *size)
              : "refused: " + std::string(size.error().detail.view());
}

TEST(Serialiser, WritesAHeadWithItsFraming) {
  const std::array fields = {Field{"content-type", "text/plain"}, Field{"x-empty", ""}};

  EXPECT_EQ(written({.fields = fields,
                     .framing = Framing::Length,
                     .content_length = 12,
                     .date = "Sun, 06 Nov 1994 08:49:37 GMT"}),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-empty: \r\n"
            "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 12\r\n\r\n");
  EXPECT_EQ(
      written({.status = 404, .framing = Framing::Chunked, .persistence = Persistence::Close}),
      "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(written({.status = 418}), "HTTP/1.1 418 \r\n\r\n");
  EXPECT_EQ(written({.status = 429}), "HTTP/1.1 429 Too Many Requests\r\n\r\n");
}

TEST(Serialiser, TellsHttp10ClientsThatTheConnectionPersists) {
  EXPECT_EQ(written({.status = 204, .client = Version::Http10}),
            "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n");
  EXPECT_EQ(written({.framing = Framing::UntilClose,
                     .client = Version::Http10,
                     .persistence = Persistence::Close}),
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
}

TEST(Serialiser, WritesInterimHeadsWithoutDateAndConnection) {
  const std::array fields = {Field{"link", "</a.css>; rel=preload"}};

  EXPECT_EQ(
      written({.status = 103, .fields = fields, .persistence = Persistence::Close, .date = "x"}),
      "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n");
}

TEST(Serialiser, LeavesOutWhatWouldContradictTheFraming) {
  const std::array fields = {Field{"Content-Length", "99"},
                             Field{"transfer-encoding", "gzip"},
                             Field{"Connection", "keep-alive"},
                             Field{"Keep-Alive", "timeout=5"},
                             Field{"upgrade", "h2c"},
                             Field{"proxy-connection", "close"},
                             Field{"TE", "gzip"},
                             Field{"x-kept", "1"}};

  EXPECT_EQ(written({.fields = fields, .framing = Framing::Length, .content_length = 0}),
            "HTTP/1.1 200 OK\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n");
}

TEST(Serialiser, KeepsTheDateOfTheSite) {
  const std::array fields = {Field{"Date", "Thu, 01 Jan 1970 00:00:00 GMT"}};

  EXPECT_EQ(written({.fields = fields, .date = "Sun, 06 Nov 1994 08:49:37 GMT"}),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
}

TEST(Serialiser, RefusesToSplitAResponse) {
  for (const std::string_view value :
       {"a\r\nx: y"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "\x7f"sv, " a"sv}) {
    const std::array fields = {Field{"x", value}};
    EXPECT_EQ(written({.fields = fields}),
              "refused: field value with a control or blanks around it");
  }
  for (const std::string_view name : {""sv, "a b"sv, "a:"sv, "a\r\n"sv, "\xc3\xa9"sv}) {
    const std::array fields = {Field{name, "x"}};
    EXPECT_EQ(written({.fields = fields}), "refused: field name is not a token");
  }
  EXPECT_TRUE(written({.status = 99}).starts_with("refused"));
  EXPECT_TRUE(written({.status = 600}).starts_with("refused"));
}

TEST(Serialiser, SaysHowMuchRoomItNeedsAndWritesNothingBeyondItsOwn) {
  const ResponseHead head{.framing = Framing::Length, .content_length = 1};
  std::array<char, 64> out;
  out.fill('#');

  const auto needed = write_response_head(head, {});
  ASSERT_TRUE(needed);
  EXPECT_EQ(*needed, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"sv.size());
  EXPECT_EQ(write_response_head(head, std::span(out).first(*needed - 1)), *needed);
  EXPECT_EQ(out[*needed - 1], '#');
  EXPECT_EQ(write_response_head(head, std::span(out).first(*needed)), *needed);
  EXPECT_EQ(out[*needed], '#');
}

TEST(Serialiser, ChoosesTheFramingThatTheClientUnderstands) {
  const auto none = std::nullopt;

  const http::ResponseContent known{.follows = true, .length = 5};
  const http::ResponseContent unknown{.follows = true, .length = none};
  EXPECT_EQ(response_framing(known, Version::Http11), Framing::Length);
  EXPECT_EQ(response_framing(unknown, Version::Http11), Framing::Chunked);
  EXPECT_EQ(response_framing(unknown, Version::Http10), Framing::UntilClose);
  EXPECT_EQ(response_framing({.follows = false, .length = 5}, Version::Http11), Framing::Length);
  EXPECT_EQ(response_framing({}, Version::Http10), Framing::None);
}

TEST(Serialiser, WritesChunks) {
  std::array<char, kChunkHeaderBytesMax> out{};

  EXPECT_EQ(std::string_view(out.data(), write_chunk_header(1, out)), "1\r\n");
  EXPECT_EQ(std::string_view(out.data(), write_chunk_header(0x1aF, out)), "1af\r\n");
  EXPECT_EQ(std::string_view(out.data(), write_chunk_header(~std::uint64_t{0}, out)),
            "ffffffffffffffff\r\n");
}

TEST(Serialiser, WritesTrailersButNoneThatWouldFrameOrRoute) {
  const std::array fields = {Field{"server-timing", "a"}, Field{"Content-Length", "5"},
                             Field{"Host", "b"}};
  std::array<char, 64> out{};

  const auto size = write_last_chunk(fields, out);

  ASSERT_TRUE(size);
  EXPECT_EQ(std::string_view(out.data(), *size), "0\r\nserver-timing: a\r\n\r\n");
  const std::array bad = {Field{"x", "a\r\nb"}};
  EXPECT_FALSE(write_last_chunk(bad, out));
}

TEST(RequestSerialiser, WritesWhatTheParserReads) {
  const std::array fields = {Field{"accept", "*/*"}, Field{"Host", "evil"},
                             Field{"Content-Length", "7"}};
  std::array<char, 256> out{};

  const auto size = write_request_head({.method = "POST",
                                        .target = "/a?b",
                                        .authority = "h:80",
                                        .fields = fields,
                                        .framing = Framing::Length,
                                        .content_length = 3,
                                        .persistence = Persistence::Close},
                                       out);

  ASSERT_TRUE(size);
  EXPECT_EQ(std::string_view(out.data(), *size),
            "POST /a?b HTTP/1.1\r\nhost: h:80\r\naccept: */*\r\ncontent-length: 3\r\n"
            "connection: close\r\n\r\n");
  RequestParser parser({});
  std::array<Field, 8> storage;
  ASSERT_EQ(parser.parse(std::span(out).first(*size), storage), Progress::Done);
  EXPECT_EQ(parser.head().content_length, 3U);
  EXPECT_FALSE(parser.head().keep_alive);
}

TEST(RequestSerialiser, RefusesToSplitARequest) {
  std::array<char, 256> out{};

  EXPECT_FALSE(write_request_head({.method = "GET X", .authority = "h"}, out));
  EXPECT_FALSE(write_request_head({.target = "/ HTTP/1.1\r\nx: y", .authority = "h"}, out));
  EXPECT_FALSE(write_request_head({.target = "", .authority = "h"}, out));
  EXPECT_FALSE(write_request_head({.authority = "h\r\nx: y"}, out));
  EXPECT_FALSE(write_request_head({.authority = ""}, out));
}

// The lines of what was written, in order of the alphabet.
std::vector<std::string> sorted_lines(const std::string& head) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    lines.push_back(head.substr(at, end - at));
    at = end + 2;
  }
  std::ranges::sort(lines);
  return lines;
}

TEST(Serialiser, WritesAHeadInPiecesOfAnySize) {
  const std::string value(500, 'v');
  const std::vector<Field> fields = {
      {"set-cookie", value}, {"content-length", "7"}, {"x", ""}, {"connection", "close"}};
  const std::vector<Field> edge = {{"alt-svc", "h3"}};
  const ResponseHead head{.status = 200,
                          .fields = fields,
                          .edge_fields = edge,
                          .framing = http::Framing::Length,
                          .content_length = 3,
                          .date = "Mon, 01 Jan 2024 00:00:00 GMT"};
  std::array<char, 2048> out{};
  const auto size = write_response_head(head, out);
  ASSERT_TRUE(size && *size <= out.size());
  const std::string whole(out.data(), *size);

  for (const std::size_t bytes : {1U, 2U, 3U, 7U, 100U, 2048U}) {
    std::string pieces(out.data(), write_head_start(head, out));
    http::FieldCursor at;
    while (!at.done) {
      const auto room = std::span(out).first(bytes);
      pieces.append(out.data(), write_lines(Lines::OfHead, fields, at, room));
    }
    EXPECT_TRUE(pieces.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(pieces.ends_with("\r\n\r\n"));
    EXPECT_EQ(sorted_lines(pieces), sorted_lines(whole)) << bytes;
  }
}

TEST(Serialiser, WritesTrailersInPiecesWithoutThoseThatMayNotBeThere) {
  const std::vector<Field> fields = {{"x", "1"}, {"content-length", "7"}, {"y", "2"}};
  std::array<char, 64> out{};
  http::FieldCursor at;
  std::string pieces;
  while (!at.done) {
    const auto room = std::span(out).first(2);
    pieces.append(out.data(), write_lines(Lines::OfTrailers, fields, at, room));
  }
  EXPECT_EQ(pieces, "x: 1\r\ny: 2\r\n\r\n");
}

}  // namespace
}  // namespace pear::http1
