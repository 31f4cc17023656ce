// Requests that two servers in a row may read as different requests. Each is sent whole, head and
// body; none may be accepted, and no byte of a refused message may be given out as body.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http1/body_reader.h"
#include "http/http1/request_parser.h"

namespace pear::http1 {
namespace {

using namespace std::string_view_literals;
using http::Field;

struct Attack {
  std::string_view what;
  std::string_view request;
  int status;
};

constexpr auto kInHead = std::to_array<Attack>({
    // Two ways to tell the length.
    {"content-length and chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\nX",
     400},
    {"chunked and content-length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "6\r\n\r\n0\r\n\r\nX",
     400},
    {"two lengths that differ",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhelloX", 400},
    {"two lengths that agree",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400},
    {"list of lengths that differ",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,6\r\n\r\nhello", 400},
    // Spellings of a length.
    {"length with a plus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 400},
    {"length with a minus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello", 400},
    {"length in hex", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", 400},
    {"length with a fraction", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\nhello",
     400},
    {"length with an exponent", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5e0\r\n\r\nhello",
     400},
    {"length with an underscore",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\nhellohello", 400},
    {"length with a space inside",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\nhellohello", 400},
    {"length with a letter behind", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5a\r\n\r\nhello",
     400},
    {"length in quotes", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \"5\"\r\n\r\nhello", 400},
    {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nhello", 400},
    {"length beyond 64 bits",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\nhello", 400},
    {"length of 2^63",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\nhello", 400},
    {"length with a vertical tab", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \v5\r\n\r\nhello",
     400},
    {"length with a superscript digit",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xc2\xb2\r\n\r\nhe", 400},
    // Transfer codings.
    {"unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
     501},
    {"coding identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501},
    {"identity before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501},
    {"gzip before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"chunked is not last",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
    {"chunked twice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
    {"two fields with chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400},
    {"second field with identity",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "identity\r\n\r\n0\r\n\r\n",
     400},
    {"empty coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 400},
    {"chunked with a comma behind",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400},
    {"comma before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked in quotes",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
    {"chunked with a parameter",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
    {"vertical tab before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
    {"NUL behind chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n"sv, 400},
    {"chunked in HTTP/1.0",
     "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    // Names that some servers repair.
    {"space before the colon",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
    {"tab before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 5\r\n\r\nhello", 400},
    {"folded line", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
     400},
    {"folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tContent-Length: 5\r\n\r\nhello",
     400},
    {"space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
    {"line without a colon", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length 5\r\n\r\nhello", 400},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nContent-\0Length: 5\r\n\r\nhello"sv, 400},
    {"control in a name",
     "GET / HTTP/1.1\r\nHost: a\r\n\x01"
     "Content-Length: 5\r\n\r\nhello",
     400},
    {"byte above ASCII in a name",
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\xff: 5\r\n\r\nhello", 400},
    {"slash in a name", "GET / HTTP/1.1\r\nHost: a\r\nContent/Length: 5\r\n\r\nhello", 400},
    // Line ends.
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
    {"bare LF at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\nX", 400},
    {"bare CR in a field", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\nhello",
     400},
    {"bare CR at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\rX", 400},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n"sv, 400},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x7f\r\n\r\n", 400},
    {"escape in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[0m\r\n\r\n", 400},
    // The request line.
    {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"bare LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"space first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two spaces after the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
    {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
    {"lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
    {"version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
    {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
    {"version 0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505},
    {"version 2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"method with a NUL", "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv, 400},
    {"byte above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"backslash in the path", "GET /a\\..\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"broken escape in the path", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"encoded NUL in the path", "GET /a%00.png HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"scheme that is not HTTP", "GET file://a/b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"userinfo in the target", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
    {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"authority with GET", "GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400},
    {"path with CONNECT", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    {"CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    // Host.
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"two hosts that agree", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
    {"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"comma in the host", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
    {"userinfo in the host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"host with a bad port", "GET / HTTP/1.1\r\nHost: a:80a\r\n\r\n", 400},
    {"host with a port too high", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
    {"host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
    {"open bracket in the host", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"host that is not the target's", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400},
    {"port that is not the target's", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    // Others.
    {"unknown expectation",
     "POST / HTTP/1.1\r\nHost: a\r\nExpect: smuggle\r\nContent-Length: 5\r\n\r\nhello", 417},
    {"connection that is no list", "GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n", 400},
});

#define PEAR_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

constexpr auto kInBody = std::to_array<Attack>({
    {"bare LF after a size", PEAR_CHUNKED "5\nhello\r\n0\r\n\r\n", 400},
    {"CR without LF after a size", PEAR_CHUNKED "5\rXhello\r\n0\r\n\r\n", 400},
    {"space before a size", PEAR_CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400},
    {"space after a size", PEAR_CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400},
    {"tab after a size", PEAR_CHUNKED "5\t\r\nhello\r\n0\r\n\r\n", 400},
    {"size with 0x", PEAR_CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400},
    {"size with a plus", PEAR_CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400},
    {"size with a minus", PEAR_CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400},
    {"size with an underscore", PEAR_CHUNKED "0_5\r\nhello\r\n0\r\n\r\n", 400},
    {"size with a letter beyond hex", PEAR_CHUNKED "5g\r\nhello\r\n0\r\n\r\n", 400},
    {"no size", PEAR_CHUNKED "\r\nhello\r\n0\r\n\r\n", 400},
    {"only an extension", PEAR_CHUNKED ";a=b\r\nhello\r\n0\r\n\r\n", 400},
    {"size of 17 digits", PEAR_CHUNKED "00000000000000005\r\nhello\r\n0\r\n\r\n", 400},
    {"size that overflows", PEAR_CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
    {"size of 2^64-1", PEAR_CHUNKED "ffffffffffffffff\r\nhello\r\n0\r\n\r\n", 413},
    {"chunk longer than its size", PEAR_CHUNKED "4\r\nhello\r\n0\r\n\r\n", 400},
    {"chunk shorter than its size", PEAR_CHUNKED "6\r\nhello\r\n0\r\n\r\n", 400},
    {"bare LF after the data", PEAR_CHUNKED "5\r\nhello\n0\r\n\r\n", 400},
    {"CR CR after the data", PEAR_CHUNKED "5\r\nhello\r\r0\r\n\r\n", 400},
    {"bare LF in an extension", PEAR_CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n", 400},
    {"CR in an extension", PEAR_CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n", 400},
    {"NUL in an extension", PEAR_CHUNKED "5;a\0\r\nhello\r\n0\r\n\r\n"sv, 400},
    {"CR in a quoted extension", PEAR_CHUNKED "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", 400},
    {"empty extension", PEAR_CHUNKED "5;\r\nhello\r\n0\r\n\r\n", 400},
    {"open quote in an extension", PEAR_CHUNKED "5;a=\"b\r\nhello\r\n0\r\n\r\n", 400},
    {"bare LF at the end", PEAR_CHUNKED "0\r\n\n", 400},
    {"bare LF after the last size", PEAR_CHUNKED "0\n\r\n", 400},
    {"bare LF in a trailer", PEAR_CHUNKED "0\r\nX: y\n\r\n", 400},
    {"folded trailer", PEAR_CHUNKED "0\r\nX: y\r\n z\r\n\r\n", 400},
    {"space before a trailer's colon", PEAR_CHUNKED "0\r\nX : y\r\n\r\n", 400},
    {"length in trailers", PEAR_CHUNKED "0\r\nContent-Length: 5\r\n\r\n", 400},
    {"coding in trailers", PEAR_CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"host in trailers", PEAR_CHUNKED "0\r\nHost: b\r\n\r\n", 400},
    {"authorization in trailers", PEAR_CHUNKED "0\r\nAuthorization: x\r\n\r\n", 400},
});

// How the whole message ends: the status of its refusal, 200 when it is accepted, 0 when more is
// awaited.
struct Outcome {
  int head = 0;
  int body = 0;
};

Outcome read_message(std::string_view request) {
  std::string text(request);
  std::vector<Field> fields(100);
  RequestParser parser({});
  switch (parser.parse(text, fields)) {
    case Progress::NeedMore:
      return {};
    case Progress::Refused:
      return {.head = parser.refusal().status};
    case Progress::Done:
      break;
  }
  BodyReader body(parser.head().framing, parser.head().content_length, {});
  std::span<char> rest = std::span(text).subspan(parser.consumed());
  for (;;) {
    const BodyReader::Event event = body.read(rest, fields);
    rest = rest.subspan(body.consumed());
    switch (event) {
      case BodyReader::Event::Data:
        continue;
      case BodyReader::Event::NeedMore:
        return {.head = 200};
      case BodyReader::Event::Done:
        return {.head = 200, .body = 200};
      case BodyReader::Event::Refused:
        return {.head = 200, .body = body.refusal().status};
    }
  }
}

TEST(Smuggling, AmbiguousHeadsAreRefusedBeforeAnyBodyIsRead) {
  for (const Attack& attack : kInHead) {
    const Outcome outcome = read_message(attack.request);
    EXPECT_EQ(outcome.head, attack.status) << attack.what;
  }
}

TEST(Smuggling, AmbiguousChunkedBodiesAreRefused) {
  for (const Attack& attack : kInBody) {
    const Outcome outcome = read_message(attack.request);
    EXPECT_EQ(outcome.head, 200) << attack.what;
    EXPECT_EQ(outcome.body, attack.status) << attack.what;
  }
}

TEST(Smuggling, TheSoundRequestsThatTheAttacksAreMadeFromAreAccepted) {
  for (const std::string_view request :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"sv,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"sv,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \t\r\n\r\nhello"sv,
        PEAR_CHUNKED "5\r\nhello\r\n0\r\n\r\n"sv,
        PEAR_CHUNKED "05;a=\"b;\\\"\t\";c;d=e\r\nhello\r\n000\r\nX: y\r\n\r\n"sv,
        PEAR_CHUNKED "0\r\n\r\n"sv, "\r\nGET /a?%&|\\ HTTP/1.1\r\nHost: a\r\n\r\n"sv,
        "GET http://a:80/ HTTP/1.1\r\nHost: A\r\n\r\n"sv,
        "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nX: \xc3\xa9\r\n\r\n"sv,
        "GET / HTTP/1.0\r\n\r\n"sv}) {
    const Outcome outcome = read_message(request);
    EXPECT_EQ(outcome.body, 200) << request;
  }
}

}  // namespace
}  // namespace pear::http1
