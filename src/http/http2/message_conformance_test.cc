// ServerSession with clients that send malformed messages (RFC 9113, section 8; RFC 7541).
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/conformance_case.h"
#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/server_session.h"

namespace pear::http2 {
namespace {

using namespace conformance;  // NOLINT(google-build-using-namespace): the words of the tables.

std::vector<Case> cases_of_messages() {
  std::vector<Case> cases = {
      {"8.2 unknown pseudo", request_with({{":test", "ok"}}), stream(ProtocolError)},
      {"8.3 :status", request_with({{":status", "200"}}), stream(ProtocolError)},
      {"8.3 order", request_with({{"x", "y"}, {":path", "/"}}), stream(ProtocolError)},
      {"8.3.1 empty path", headers(1, get_fields("")), stream(ProtocolError)},
      {"8.3.1 OPTIONS *", headers(1, get_fields("*", "OPTIONS")), served()},
      {"8.3.1 GET *", headers(1, get_fields("*")), stream(ProtocolError)},
      {"8.1.1 shorter", post(1, {{"content-length", "2"}}) + data_frame(1, "x", kEndStream),
       stream(ProtocolError)},
      {"8.1.1 longer", post(1, {{"content-length", "1"}}) + data_frame(1, "xx", kEndStream),
       stream(ProtocolError)},
      {"8.1.1 longer, two frames",
       post(1, {{"content-length", "1"}}) + data_frame(1, "x") + data_frame(1, "x", kEndStream),
       stream(ProtocolError)},
      {"8.1.1 without DATA", request_with({{"content-length", "1"}}), stream(ProtocolError)},
      {"8.1.1 trailers before its end",
       post(1, {{"content-length", "9"}}) + headers(1, {{"x-a", "b"}}), stream(ProtocolError)},
  };
  for (const char* const name : {":method", ":scheme", ":path", ":authority"}) {
    cases.push_back({std::string("8.3.1 without ") + name, without(name), stream(ProtocolError)});
    cases.push_back({std::string("8.3.1 twice ") + name,
                     headers(1, with(get_fields(), {{name, "https"}})), stream(ProtocolError)});
  }
  const FieldPairs bad = {{"X-Upper", "1"},
                          {"connection", "keep-alive"},
                          {"keep-alive", "1"},
                          {"proxy-connection", "1"},
                          {"transfer-encoding", "chunked"},
                          {"upgrade", "h2c"},
                          {"te", "gzip"},
                          {"bad name", "1"},
                          {"", "1"},
                          {"x", "a\nb"},
                          {"x", " a"},
                          {"x", std::string("a\0b", 3)},
                          {"host", "b.example"}};
  for (const auto& field : bad) {
    cases.push_back(
        {"8.2 " + field.first + "=" + field.second, request_with({field}), stream(ProtocolError)});
  }
  cases.push_back({"8.2.2 te: trailers", request_with({{"te", "trailers"}}), served()});
  cases.push_back({"8.3.1 host agrees", request_with({{"host", "a.example:443"}}), served()});
  // HPACK: an index that there is not, a table larger than allowed, an update of it at the end,
  // padding of a Huffman code of more than 7 bits, of zeroes, and one with EOS.
  const std::vector<std::pair<std::string, std::string>> blocks = {
      {"7541 index", "\xc6"},
      {"7541 index of a name", std::string("\x7f\x20\x01x", 4)},
      {"7541 table size", std::string("\x3f\xe2\x1f", 3)},
      {"7541 padding", std::string("\x00\x01x\x82\xff\xff", 6)},
      {"7541 zero padding", std::string("\x00\x01x\x81\x00", 5)},
      {"7541 EOS", std::string("\x00\x01x\x85\xff\xff\xff\xff\xff", 9)},
      {"7541 index 0", "\x80"}};
  for (const auto& [name, block] : blocks) {
    cases.push_back({name, raw_frame(FrameType::Headers, 5, 1, block_of_get() + block),
                     connection(CompressionError)});
  }
  cases.push_back({"7541 table size at the end",
                   raw_frame(FrameType::Headers, 5, 1, block_of_get() + "\x20"),
                   connection(CompressionError)});
  return cases;
}

TEST(MessageConformance, MalformedMessagesEndTheirStreamAlone) {
  expect_outcomes(cases_of_messages());
}

TEST(MessageConformance, EveryMalformedRequestIsReportedOnceAndNeverGiven) {
  for (const Case& one : cases_of_messages()) {
    if (one.expected.kind != Expected::Kind::Stream || one.bytes[4] != 5) continue;
    Harness server;
    server.send(std::string(kPreface) + settings() + one.bytes);
    EXPECT_EQ(server.site.events, (std::vector<std::string>{"offence malformed_request"}))
        << one.name;
  }
}

TEST(MessageConformance, ConnectAndExtendedConnectAreAnswered501) {
  Harness server;
  server.send(std::string(kPreface) + settings() +
              headers(1, {{":method", "CONNECT"}, {":authority", "a.example:443"}}) +
              headers(3, with(get_fields(), {{":protocol", "websocket"}})));
  EXPECT_EQ(server.site.events,
            (std::vector<std::string>{"1 refused 501", "3 refused 501", "1 closed NO_ERROR",
                                      "3 closed NO_ERROR"}));
}

}  // namespace
}  // namespace pear::http2
