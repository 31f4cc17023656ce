#include "http/http1/request_parser.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http1 {
namespace {

using http::Field;
using http::Framing;
using http::HeadLimits;
using http::Method;
using http::TargetForm;
using http::Version;

// A parser with its buffers. The text is kept, as heads are views into it.
class Parsed {
 public:
  explicit Parsed(std::string text, const HeadLimits& limits = {})
      : parser_(limits), text_(std::move(text)), fields_(limits.fields_max) {
    progress_ = parser_.parse(text_, fields_);
  }

  [[nodiscard]] bool done() const { return progress_ == Progress::Done; }
  [[nodiscard]] bool needs_more() const { return progress_ == Progress::NeedMore; }
  // 0 unless refused.
  [[nodiscard]] int status() const {
    return progress_ == Progress::Refused ? parser_.refusal().status : 0;
  }
  [[nodiscard]] std::string_view reason() const { return parser_.refusal().reason.view(); }
  [[nodiscard]] const http::RequestHead& head() const { return parser_.head(); }
  [[nodiscard]] std::size_t consumed() const { return parser_.consumed(); }
  [[nodiscard]] std::string_view rest() const {
    return std::string_view(text_).substr(parser_.consumed());
  }

 private:
  RequestParser parser_;
  std::string text_;
  std::vector<Field> fields_;
  Progress progress_;
};

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a.test\r\n" + std::string(more) +
         "\r\n";
}

TEST(RequestParser, TakesAPlainRequestApart) {
  const Parsed parsed(
      "GET /a/b?c=d&e HTTP/1.1\r\nHost: A.Test:8080\r\nAccept:  */* \t\r\nX-E:\r\n\r\nrest");

  ASSERT_TRUE(parsed.done()) << parsed.reason();
  const auto& head = parsed.head();
  EXPECT_EQ(head.method, Method::Get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.version, Version::Http11);
  EXPECT_EQ(head.target_form, TargetForm::Origin);
  EXPECT_EQ(head.target, "/a/b?c=d&e");
  EXPECT_EQ(head.path_with_query, "/a/b?c=d&e");
  EXPECT_EQ(head.path, "/a/b");
  EXPECT_TRUE(head.has_query);
  EXPECT_EQ(head.query, "c=d&e");
  EXPECT_EQ(head.authority, "a.test:8080");
  EXPECT_EQ(head.host, "a.test");
  EXPECT_EQ(head.port, 8080);
  ASSERT_EQ(head.fields.size(), 3U);
  EXPECT_EQ(head.fields[0], (Field{"host", "a.test:8080"}));
  EXPECT_EQ(head.fields[1], (Field{"accept", "*/*"}));
  EXPECT_EQ(head.fields[2], (Field{"x-e", ""}));
  EXPECT_EQ(head.framing, Framing::None);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_EQ(parsed.rest(), "rest");
}

TEST(RequestParser, GivesTheSameHeadWhenTheBytesComeOneByOneInABufferThatMoves) {
  const std::string text =
      "\r\nPOST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Long-Name-Of-A-Field: some "
      "value\r\n\r\n";
  RequestParser parser({});
  std::array<Field, 100> fields;
  std::vector<std::string> buffers;  // Kept, so that each lies elsewhere.
  buffers.reserve(text.size() + 1);

  for (std::size_t size = 0; size < text.size(); ++size) {
    buffers.push_back(text.substr(0, size));
    ASSERT_EQ(parser.parse(buffers.back(), fields), Progress::NeedMore) << size;
    // What was seen stays out of reach: a view into it would show.
    std::ranges::fill(buffers.back(), '#');
  }
  buffers.push_back(text);

  ASSERT_EQ(parser.parse(buffers.back(), fields), Progress::Done);
  EXPECT_EQ(parser.consumed(), text.size());
  EXPECT_EQ(parser.head().path, "/x");
  EXPECT_EQ(parser.head().content_length, 5U);
  EXPECT_EQ(parser.head().fields[2], (Field{"x-long-name-of-a-field", "some value"}));
  EXPECT_EQ(parser.head().host, "h");
}

TEST(RequestParser, ReadsPipelinedRequestsOneAfterTheOther) {
  std::string text = get("/1") + get("/2");
  RequestParser parser({});
  std::array<Field, 10> fields;

  ASSERT_EQ(parser.parse(text, fields), Progress::Done);
  EXPECT_EQ(parser.head().path, "/1");
  const std::size_t first = parser.consumed();
  parser.reset();
  EXPECT_FALSE(parser.started());
  ASSERT_EQ(parser.parse(std::span(text).subspan(first), fields), Progress::Done);

  EXPECT_EQ(parser.head().path, "/2");
  EXPECT_EQ(first + parser.consumed(), text.size());
}

TEST(RequestParser, ReadsAllFourFormsOfTargets) {
  const Parsed absolute("GET HTTP://Exa.test:80/p?q HTTP/1.1\r\nHost: exa.test\r\n\r\n");
  ASSERT_TRUE(absolute.done()) << absolute.reason();
  EXPECT_EQ(absolute.head().target_form, TargetForm::Absolute);
  EXPECT_EQ(absolute.head().scheme, "http");
  EXPECT_EQ(absolute.head().authority, "exa.test:80");
  EXPECT_EQ(absolute.head().path_with_query, "/p?q");

  const Parsed bare("GET http://exa.test HTTP/1.1\r\nHost: exa.test\r\n\r\n");
  ASSERT_TRUE(bare.done()) << bare.reason();
  EXPECT_EQ(bare.head().path, "/");

  const Parsed asterisk("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(asterisk.done()) << asterisk.reason();
  EXPECT_EQ(asterisk.head().target_form, TargetForm::Asterisk);
  EXPECT_EQ(asterisk.head().path_with_query, "*");

  const Parsed connect("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
  ASSERT_TRUE(connect.done()) << connect.reason();
  EXPECT_EQ(connect.head().target_form, TargetForm::Authority);
  EXPECT_EQ(connect.head().method, Method::Connect);
  EXPECT_EQ(connect.head().host, "[::1]");
  EXPECT_EQ(connect.head().port, 443);
  EXPECT_EQ(connect.head().path, "");
}

TEST(RequestParser, TellsTheFramingOfTheBody) {
  const Parsed none(get("/"));
  EXPECT_EQ(none.head().framing, Framing::None);

  const Parsed length(get("/", "Content-Length: 0042\r\n"));
  ASSERT_TRUE(length.done()) << length.reason();
  EXPECT_EQ(length.head().framing, Framing::Length);
  EXPECT_EQ(length.head().content_length, 42U);

  const Parsed chunked(get("/", "Transfer-Encoding: \t CHUNKED \r\n"));
  ASSERT_TRUE(chunked.done()) << chunked.reason();
  EXPECT_EQ(chunked.head().framing, Framing::Chunked);
}

TEST(RequestParser, TellsWhetherTheConnectionLasts) {
  const auto keeps = [](std::string_view version, std::string_view fields) {
    const Parsed parsed("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                        std::string(fields) + "\r\n");
    EXPECT_TRUE(parsed.done()) << parsed.reason();
    return parsed.head().keep_alive;
  };

  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: upgrade, HTTP2-Settings\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: x,, close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, SeesExpectationsWhereThereIsABody) {
  EXPECT_TRUE(
      Parsed(get("/", "Expect: 100-Continue\r\nContent-Length: 1\r\n")).head().expect_continue);
  EXPECT_FALSE(Parsed(get("/", "Expect: 100-continue\r\n")).head().expect_continue);
  EXPECT_EQ(Parsed(get("/", "Expect: 200-ok\r\n")).status(), 417);
  EXPECT_EQ(Parsed(get("/", "Expect: 100-continue\r\nExpect: x\r\n")).status(), 417);
  const Parsed old("GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  ASSERT_TRUE(old.done());
  EXPECT_FALSE(old.head().expect_continue);
}

TEST(RequestParser, ServesARequestThatOffersAnUpgradeAsHttp11) {
  const Parsed parsed(get(
      "/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));

  ASSERT_TRUE(parsed.done()) << parsed.reason();
  EXPECT_TRUE(parsed.head().upgrade_asked);
  EXPECT_TRUE(parsed.head().keep_alive);
}

TEST(RequestParser, AcceptsHttp10WithoutHost) {
  const Parsed parsed("GET / HTTP/1.0\r\n\r\n");

  ASSERT_TRUE(parsed.done()) << parsed.reason();
  EXPECT_EQ(parsed.head().version, Version::Http10);
  EXPECT_EQ(parsed.head().authority, "");
}

TEST(RequestParser, AcceptsMethodsThatItDoesNotKnowAsLongAsTheyAreTokens) {
  const Parsed parsed("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(parsed.done()) << parsed.reason();
  EXPECT_EQ(parsed.head().method, Method::Other);
  EXPECT_EQ(parsed.head().method_text, "PROPFIND");

  const std::string longest(http::kMethodBytesMax, 'M');
  EXPECT_TRUE(Parsed(longest + " / HTTP/1.1\r\nHost: a\r\n\r\n").done());
  EXPECT_EQ(Parsed(longest + "M / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 501);
}

TEST(RequestParser, HoldsTheLimitOfTheRequestLineToTheByte) {
  const HeadLimits limits{.request_line_max = 40};
  const std::string fits = "GET /" + std::string(40 - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string too_long = "GET /" + std::string(41 - 14, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n";

  EXPECT_TRUE(Parsed(fits, limits).done());
  EXPECT_TRUE(Parsed("\r\n" + fits, limits).done());
  EXPECT_EQ(Parsed(too_long, limits).status(), 414);
  // Without waiting for the end of a line that is too long already.
  EXPECT_EQ(Parsed("GET /" + std::string(40, 'x'), limits).status(), 414);
}

TEST(RequestParser, HoldsTheLimitOfTheHeadToTheByte) {
  const std::string text = get("/", "X: y\r\n");
  const auto size = static_cast<std::uint32_t>(text.size());

  EXPECT_TRUE(Parsed(text, {.header_max = size}).done());
  EXPECT_TRUE(Parsed(text + "body", {.header_max = size}).done());
  EXPECT_EQ(Parsed(text, {.header_max = size - 1}).status(), 431);
  EXPECT_EQ(Parsed(text.substr(0, size - 1), {.header_max = size - 1}).status(), 431);
  EXPECT_TRUE(Parsed(text.substr(0, size - 2), {.header_max = size - 1}).needs_more());
  EXPECT_EQ(Parsed(text, {.header_max = 10}).status(), 431);
}

TEST(RequestParser, HoldsTheLimitOfTheNumberOfFields) {
  EXPECT_TRUE(Parsed(get("/", "A: b\r\nC: d\r\n"), {.fields_max = 3}).done());
  EXPECT_EQ(Parsed(get("/", "A: b\r\nC: d\r\n"), {.fields_max = 2}).status(), 431);
}

TEST(RequestParser, StaysRefusedAndCanBeReset) {
  std::string bad = "GET / HTTP/1.1\n";
  std::string good = get("/");
  RequestParser parser({});
  std::array<Field, 4> fields;

  ASSERT_EQ(parser.parse(bad, fields), Progress::Refused);
  EXPECT_EQ(parser.parse(bad, fields), Progress::Refused);
  parser.reset();
  EXPECT_EQ(parser.parse(good, fields), Progress::Done);
}

}  // namespace
}  // namespace pear::http1
