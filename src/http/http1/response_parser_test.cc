#include "http/http1/response_parser.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear::http1 {
namespace {

using http::Field;
using http::Framing;
using http::Method;

class Parsed {
 public:
  explicit Parsed(std::string text, Method method = Method::Get,
                  const http::HeadLimits& limits = {})
      : parser_(limits), text_(std::move(text)) {
    parser_.reset(method);
    progress_ = parser_.parse(text_, fields_);
  }

  [[nodiscard]] bool done() const { return progress_ == Progress::Done; }
  [[nodiscard]] bool refused() const { return progress_ == Progress::Refused; }
  [[nodiscard]] const ReceivedHead& head() const { return parser_.head(); }
  [[nodiscard]] std::size_t consumed() const { return parser_.consumed(); }

 private:
  ResponseParser parser_;
  std::string text_;
  std::array<Field, 16> fields_;
  Progress progress_;
};

TEST(ResponseParser, TakesAResponseApart) {
  const Parsed parsed("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nX: y\r\n\r\nnot found");

  ASSERT_TRUE(parsed.done());
  EXPECT_EQ(parsed.head().status, 404);
  EXPECT_EQ(parsed.head().reason, "Not Found");
  EXPECT_EQ(parsed.head().framing, Framing::Length);
  EXPECT_EQ(parsed.head().content_length, 9U);
  EXPECT_EQ(parsed.head().fields[1], (Field{"x", "y"}));
  EXPECT_TRUE(parsed.head().keep_alive);
}

TEST(ResponseParser, ReadsStatusLinesWithoutAReason) {
  EXPECT_TRUE(Parsed("HTTP/1.1 200 \r\n\r\n").done());
  EXPECT_TRUE(Parsed("HTTP/1.1 200\r\n\r\n").done());
  EXPECT_TRUE(Parsed("HTTP/1.1 2000\r\n\r\n").refused());
}

TEST(ResponseParser, GivesTheSameHeadByteByByteInABufferThatMoves) {
  const std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Name: value\r\n\r\n";
  ResponseParser parser({});
  std::array<Field, 16> fields;
  std::string buffer;
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::string longer = text.substr(0, size);
    ASSERT_EQ(parser.parse(longer, fields), Progress::NeedMore) << size;
    std::swap(buffer, longer);
  }
  std::string whole = text;

  ASSERT_EQ(parser.parse(whole, fields), Progress::Done);
  EXPECT_EQ(parser.head().reason, "OK");
  EXPECT_EQ(parser.head().framing, Framing::Chunked);
  EXPECT_EQ(parser.head().fields[1], (Field{"x-name", "value"}));
}

TEST(ResponseParser, KnowsWhichResponsesHaveNoBody) {
  EXPECT_EQ(Parsed("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").head().framing,
            Framing::None);
  EXPECT_EQ(Parsed("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").head().framing,
            Framing::None);
  EXPECT_EQ(Parsed("HTTP/1.1 100 Continue\r\n\r\n").head().framing, Framing::None);
  EXPECT_EQ(Parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Head).head().framing,
            Framing::None);
  EXPECT_EQ(Parsed("HTTP/1.1 200 OK\r\n\r\n", Method::Connect).head().framing, Framing::None);
}

TEST(ResponseParser, ReadsUntilTheCloseWhereNothingElseIsSaid) {
  const Parsed parsed("HTTP/1.1 200 OK\r\n\r\n");

  ASSERT_TRUE(parsed.done());
  EXPECT_EQ(parsed.head().framing, Framing::UntilClose);
  EXPECT_FALSE(parsed.head().keep_alive);
}

TEST(ResponseParser, TellsWhetherTheConnectionLasts) {
  const std::string length = "Content-Length: 0\r\n\r\n";

  EXPECT_TRUE(Parsed("HTTP/1.1 200 OK\r\n" + length).head().keep_alive);
  EXPECT_FALSE(Parsed("HTTP/1.1 200 OK\r\nConnection: close\r\n" + length).head().keep_alive);
  EXPECT_FALSE(Parsed("HTTP/1.0 200 OK\r\n" + length).head().keep_alive);
  EXPECT_TRUE(Parsed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length).head().keep_alive);
}

TEST(ResponseParser, RefusesWhatIsAmbiguousOrMalformed) {
  for (const char* const text :
       {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n",
        "HTTP/1.1 099 X\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_TRUE(Parsed(text).refused()) << text;
  }
}

TEST(ResponseParser, HoldsItsLimits) {
  const std::string text = "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n";
  const auto size = static_cast<std::uint32_t>(text.size());

  EXPECT_TRUE(Parsed(text, Method::Get, {.header_max = size}).done());
  EXPECT_TRUE(Parsed(text, Method::Get, {.header_max = size - 1}).refused());
  EXPECT_TRUE(Parsed(text, Method::Get, {.fields_max = 2}).done());
  EXPECT_TRUE(Parsed(text, Method::Get, {.fields_max = 1}).refused());
}

}  // namespace
}  // namespace pear::http1
