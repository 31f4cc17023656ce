// ServerSession with clients that break the rules of RFC 9113, case by case.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/server_session.h"

namespace pear::http2 {
namespace {

using enum ErrorCode;

// What a client must see of a case: an error of the connection, one of a stream, or none.
struct Expected {
  enum class Kind : std::uint8_t { Connection, Stream, Served } kind = Kind::Served;
  ErrorCode error = NoError;
};

Expected connection(ErrorCode error) {
  return {.kind = Expected::Kind::Connection, .error = error};
}
Expected stream(ErrorCode error) {
  return {.kind = Expected::Kind::Stream, .error = error};
}
Expected served() {
  return {};
}

struct Case {
  std::string name;
  std::string bytes;  // After the preface and SETTINGS.
  Expected expected;
  bool answers = true;  // The site answers at once: streams close as soon as they can.
};

constexpr std::uint8_t kEndStream = FrameHead::kEndStream;
constexpr std::uint8_t kEndHeaders = FrameHead::kEndHeaders;

std::string ping() {
  return raw_frame(FrameType::Ping, 0, 0, "12345678");
}
std::string priority(std::uint32_t stream_id, std::uint32_t depends_on) {
  return raw_frame(FrameType::Priority, 0, stream_id, big_endian(depends_on) + "\x10");
}
std::string request_with(const FieldPairs& more) {
  return headers(1, with(get_fields(), more));
}
std::string continuation(std::uint32_t stream_id, std::string_view block,
                         std::uint8_t flags = kEndHeaders) {
  return raw_frame(FrameType::Continuation, flags, stream_id, block);
}
std::string block_of_get() {
  return header_block(get_fields());
}
std::string without(std::string_view name) {
  FieldPairs fields = get_fields();
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return headers(1, fields);
}

std::vector<Case> cases_of_frames() {
  const std::string max_data(16'384, 'x');
  return {
      {"4.1 unknown type", raw_frame(0x16, 0, 0, "12345678"), served()},
      {"4.1 undefined flags", raw_frame(FrameType::Ping, 0x16, 0, "12345678"), served()},
      {"4.1 reserved bit", raw_frame(FrameType::Ping, 0, 0x80000000, "12345678"), served()},
      {"4.2 DATA of 2^14", post(1) + data_frame(1, max_data, kEndStream), served()},
      {"4.2 DATA beyond", post(1) + data_frame(1, max_data + "x"), connection(FrameSizeError)},
      {"4.2 HEADERS beyond", raw_frame(FrameType::Headers, 5, 1, max_data + "x"),
       connection(FrameSizeError)},
      {"4.2 unknown beyond", raw_frame(0x16, 0, 0, max_data + "x"), connection(FrameSizeError)},
      {"4.3 bad block", raw_frame(FrameType::Headers, 5, 1, std::string("\xff\xff\xff\xff\xff", 5)),
       connection(CompressionError)},
      {"4.3 PRIORITY in a block",
       raw_frame(FrameType::Headers, kEndStream, 1, block_of_get()) + priority(1, 0),
       connection(ProtocolError)},
      {"4.3 HEADERS in a block",
       raw_frame(FrameType::Headers, kEndStream, 1, block_of_get()) + get(3),
       connection(ProtocolError)},
      {"5.5 unknown in a block",
       raw_frame(FrameType::Headers, kEndStream, 1, block_of_get()) + raw_frame(0x16, 0, 0),
       connection(ProtocolError)},
      {"6.1 DATA on 0", data_frame(0, "x"), connection(ProtocolError)},
      {"6.1 bad pad", post(1) + raw_frame(FrameType::Data, 0x9, 1, "\x06Test"),
       connection(ProtocolError)},
      {"6.1 pad", post(1) + raw_frame(FrameType::Data, 0x9, 1, std::string("\x02Te\0\0", 5)),
       served()},
      {"6.2 HEADERS on 0", get(0), connection(ProtocolError)},
      {"6.2 bad pad", raw_frame(FrameType::Headers, 0xd, 1, "\xff" + block_of_get()),
       connection(ProtocolError)},
      {"6.2 pad and priority",
       raw_frame(FrameType::Headers, 0x2d, 1,
                 "\x01" + big_endian(0) + "\x10" + block_of_get() + std::string(1, '\0')),
       served()},
      {"6.2 HEADERS of 0 bytes with priority", raw_frame(FrameType::Headers, 0x25, 1, "123"),
       connection(FrameSizeError)},
      {"6.3 PRIORITY on 0", priority(0, 1), connection(ProtocolError)},
      {"6.3 length", post(1) + raw_frame(FrameType::Priority, 0, 1, "1234"),
       stream(FrameSizeError)},
      {"6.3 length, idle", raw_frame(FrameType::Priority, 0, 1, "1234"),
       connection(FrameSizeError)},
      {"6.4 RST_STREAM on 0", rst_stream(0), connection(ProtocolError)},
      {"6.4 idle", rst_stream(1), connection(ProtocolError)},
      {"6.4 length", post(1) + raw_frame(FrameType::RstStream, 0, 1, "123"),
       connection(FrameSizeError)},
      {"6.5 ACK with payload", settings({{1, 2}}, 1), connection(FrameSizeError)},
      {"6.5 on 1", settings({}, 0, 1), connection(ProtocolError)},
      {"6.5 length", raw_frame(FrameType::Settings, 0, 0, "123"), connection(FrameSizeError)},
      {"6.5.2 ENABLE_PUSH 2", settings({{2, 2}}), connection(ProtocolError)},
      {"6.5.2 INITIAL_WINDOW_SIZE", settings({{4, 0x80000000}}), connection(FlowControlError)},
      {"6.5.2 MAX_FRAME_SIZE below", settings({{5, 16'383}}), connection(ProtocolError)},
      {"6.5.2 MAX_FRAME_SIZE above", settings({{5, 16'777'216}}), connection(ProtocolError)},
      {"6.5.2 unknown", settings({{0x99, 1}}), served()},
      {"6.6 PUSH_PROMISE", raw_frame(FrameType::PushPromise, 4, 1, big_endian(2) + block_of_get()),
       connection(ProtocolError)},
      {"6.7 PING with ACK", raw_frame(FrameType::Ping, 1, 0, "12345678"), served()},
      {"6.7 on 1", raw_frame(FrameType::Ping, 0, 1, "12345678"), connection(ProtocolError)},
      {"6.7 length", raw_frame(FrameType::Ping, 0, 0, "123456"), connection(FrameSizeError)},
      {"6.8 GOAWAY on 1", raw_frame(FrameType::Goaway, 0, 1, big_endian(0) + big_endian(0)),
       connection(ProtocolError)},
      {"6.9 by 0", window_update(0, 0), connection(ProtocolError)},
      {"6.9 by 0 on a stream", post(1) + window_update(1, 0), connection(ProtocolError)},
      {"6.9 length", raw_frame(FrameType::WindowUpdate, 0, 0, "123"), connection(FrameSizeError)},
      {"6.9.1 overflow", window_update(0, 0x7fffffff), connection(FlowControlError)},
      {"6.9.1 overflow of a stream", post(1) + window_update(1, 0x7fffffff),
       connection(FlowControlError)},
      {"6.10 CONTINUATIONs",
       raw_frame(FrameType::Headers, kEndStream, 1, block_of_get()) + continuation(1, "", 0) +
           continuation(1, ""),
       served()},
      {"6.10 on 0",
       raw_frame(FrameType::Headers, kEndStream, 1, block_of_get()) + continuation(0, ""),
       connection(ProtocolError)},
      {"6.10 after END_HEADERS", post(1) + continuation(1, ""), connection(ProtocolError)},
      {"6.10 after DATA", post(1) + data_frame(1, "x") + continuation(1, ""),
       connection(ProtocolError)},
      {"9218 PRIORITY_UPDATE on 1", raw_frame(FrameType::PriorityUpdate, 0, 1, big_endian(1)),
       connection(ProtocolError)},
      {"9218 PRIORITY_UPDATE of nonsense",
       raw_frame(FrameType::PriorityUpdate, 0, 0, big_endian(1) + "%%%") + get(1), served()},
  };
}

std::vector<Case> cases_of_streams() {
  return {
      {"5.1 idle: DATA", data_frame(1, "x"), connection(ProtocolError)},
      {"5.1 idle: WINDOW_UPDATE", window_update(1, 100), connection(ProtocolError)},
      {"5.1 idle: CONTINUATION", continuation(1, block_of_get()), connection(ProtocolError)},
      {"5.1 idle: PRIORITY", priority(1, 0), served()},
      {"5.1 half-closed: DATA", get(1) + data_frame(1, "x"), connection(StreamClosed), false},
      {"5.1 half-closed: HEADERS", get(1) + get(1), connection(StreamClosed), false},
      {"5.1 half-closed: CONTINUATION", get(1) + continuation(1, block_of_get()),
       connection(ProtocolError), false},
      {"5.1 half-closed: WINDOW_UPDATE", get(1) + window_update(1, 1000), served(), false},
      {"5.1 half-closed: PRIORITY", get(1) + priority(1, 0), served(), false},
      {"5.1 half-closed: RST_STREAM", get(1) + rst_stream(1), served(), false},
      {"5.1 reset: DATA", post(1) + rst_stream(1) + data_frame(1, "x"), connection(StreamClosed),
       false},
      {"5.1 reset: HEADERS", post(1) + rst_stream(1) + get(1), connection(StreamClosed), false},
      {"5.1 reset: CONTINUATION", post(1) + rst_stream(1) + continuation(1, ""),
       connection(ProtocolError), false},
      {"5.1 reset: PRIORITY", post(1) + rst_stream(1) + priority(1, 0), served(), false},
      {"5.1 reset: WINDOW_UPDATE", post(1) + rst_stream(1) + window_update(1, 1000), served(),
       false},
      {"5.1 closed: DATA", get(1) + "|" + data_frame(1, "x"), connection(StreamClosed)},
      {"5.1 closed: HEADERS", get(1) + "|" + get(1), connection(StreamClosed)},
      {"5.1 closed: CONTINUATION", get(1) + "|" + continuation(1, ""), connection(ProtocolError)},
      {"5.1 closed: WINDOW_UPDATE", get(1) + "|" + window_update(1, 1000), served()},
      {"5.1 closed: RST_STREAM", get(1) + "|" + rst_stream(1), served()},
      {"5.1 closed: PRIORITY", get(1) + "|" + priority(1, 0), served()},
      {"5.1.1 even", get(2), connection(ProtocolError)},
      {"5.1.1 smaller", get(5) + get(3), connection(ProtocolError)},
      {"5.1.1 smaller: DATA", get(5) + data_frame(3, "x"), connection(StreamClosed)},
      {"5.3.1 HEADERS on itself",
       raw_frame(FrameType::Headers, 0x25, 1, big_endian(1) + "\x10" + block_of_get()),
       connection(ProtocolError)},
      {"5.3.1 PRIORITY on itself", post(1) + priority(1, 1), stream(ProtocolError)},
      {"5.3.1 PRIORITY on itself, idle", priority(1, 1), connection(ProtocolError)},
      {"8.1 HEADERS in a body", post(1) + post(1), stream(ProtocolError)},
      {"8.1 trailers", post(1) + data_frame(1, "x") + headers(1, {{"x-a", "b"}}), served()},
      {"8.1 pseudo in trailers", post(1) + headers(1, {{":path", "/"}}), stream(ProtocolError)},
  };
}

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

// What the client saw.
Expected outcome_of(std::string_view output) {
  Expected seen;
  for (const RawFrame& frame : frames_in(output)) {
    if (frame.is(FrameType::Goaway)) {
      return connection(static_cast<ErrorCode>(frame.number_at(4)));
    }
    if (frame.is(FrameType::RstStream) && frame.number_at(0) != 0) {
      seen = stream(static_cast<ErrorCode>(frame.number_at(0)));
    }
  }
  return seen;
}

void expect_outcome(const Case& one, std::size_t cut_every) {
  Harness server;
  server.site.answers = one.answers;
  server.send(std::string(kPreface) + settings());
  std::string bytes = one.bytes;
  // A bar: what comes after it is sent when the answers are there.
  const std::size_t bar = one.name.starts_with("5.1 closed") ? bytes.find('|') : std::string::npos;
  if (bar != std::string::npos) {
    server.send(bytes.substr(0, bar));
    bytes.erase(0, bar + 1);
  }
  bytes += ping();
  for (std::size_t at = 0; at < bytes.size(); at += cut_every) {
    if (!server.send(bytes.substr(at, cut_every))) break;
  }
  const Expected seen = outcome_of(server.output);
  EXPECT_EQ(static_cast<int>(seen.kind), static_cast<int>(one.expected.kind))
      << one.name << ": " << to_text(seen.error);
  EXPECT_EQ(to_text(seen.error), to_text(one.expected.error)) << one.name;
  EXPECT_EQ(server.session->over(), seen.kind == Expected::Kind::Connection) << one.name;
  if (seen.kind == Expected::Kind::Connection) {
    EXPECT_EQ(std::ranges::count(server.site.offences, Offence::ProtocolError), 1) << one.name;
    return;
  }
  const auto frames = frames_in(server.output);
  const bool answered = std::ranges::any_of(frames, [](const RawFrame& frame) {
    return frame.is(FrameType::Ping) && frame.flags == 1 && frame.payload == "12345678";
  });
  EXPECT_TRUE(answered) << one.name << ": the connection does not go on";
}

void expect_outcomes(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    for (const std::size_t cut_every : {100'000U, 1U, 3U, 10U}) expect_outcome(one, cut_every);
  }
}

TEST(Conformance, FramesAreJudgedAsTheRfcSays) {
  expect_outcomes(cases_of_frames());
}

TEST(Conformance, StatesOfStreamsAreKept) {
  expect_outcomes(cases_of_streams());
}

TEST(Conformance, MalformedMessagesEndTheirStreamAlone) {
  expect_outcomes(cases_of_messages());
}

TEST(Conformance, EveryMalformedRequestIsReportedOnceAndNeverGiven) {
  for (const Case& one : cases_of_messages()) {
    if (one.expected.kind != Expected::Kind::Stream || one.bytes[4] != 5) continue;
    Harness server;
    server.send(std::string(kPreface) + settings() + one.bytes);
    EXPECT_EQ(server.site.events, (std::vector<std::string>{"offence malformed_request"}))
        << one.name;
  }
}

TEST(Conformance, ABadPrefaceEndsTheConnection) {
  for (const std::string& bytes :
       {std::string("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"), std::string(kPreface) + ping(),
        std::string(kPreface) + get(1), std::string(kPreface) + settings({}, 1),
        std::string("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")}) {
    Harness server;
    server.send(bytes);
    EXPECT_EQ(to_text(outcome_of(server.output).error), "PROTOCOL_ERROR");
    EXPECT_TRUE(server.session->over());
  }
}

TEST(Conformance, TheServerSpeaksFirstOfItsSettings) {
  Harness server;
  server.flush();
  const auto frames = frames_in(server.output);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_TRUE(frames[0].is(FrameType::Settings));
  const std::string expected =
      settings({{1, 4096}, {3, 100}, {4, 65'536}, {6, 32'768}, {9, 1}}).substr(9);
  EXPECT_EQ(frames[0].payload, expected);
  EXPECT_TRUE(frames[1].is(FrameType::WindowUpdate));
  EXPECT_EQ(frames[1].number_at(0), 1024U * 1024 - 65'535);
}

TEST(Conformance, SettingsAreTakenInOrder) {
  Harness server;
  server.site.answer.body = "12345";
  server.send(std::string(kPreface) + settings({{4, 100}, {4, 1}}) + get(1));
  const auto frames = frames_in(server.output);
  const auto body =
      std::ranges::find_if(frames, [](const RawFrame& frame) { return frame.is(FrameType::Data); });
  ASSERT_NE(body, frames.end());
  EXPECT_EQ(body->payload, "1");
}

TEST(Conformance, AWindowMayBecomeNegative) {
  Harness server;
  server.site.answer.body = "0123456789";
  server.send(std::string(kPreface) + settings({{4, 3}}) + get(1));
  server.send(settings({{4, 2}}));
  server.output.clear();
  server.send(window_update(1, 3));  // From -1 to 2.
  const auto frames = frames_in(server.output);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].payload, "34");
}

TEST(Conformance, StreamsBeyondTheLimitAreRefused) {
  SessionOptions options;
  options.streams_max = 2;
  Harness server(options);
  server.site.answers = false;
  // Before the SETTINGS are acknowledged it is no error of the connection; and the body that the
  // client sends with it is ignored.
  server.send(std::string(kPreface) + settings() + get(1) + get(3) + post(5) + data_frame(5, "x"));
  EXPECT_EQ(to_text(outcome_of(server.output).error), "REFUSED_STREAM");
  EXPECT_EQ(server.session->streams_open(), 2U);
  server.send(settings({}, 1) + get(7));
  EXPECT_EQ(outcome_of(server.output).kind, Expected::Kind::Connection);
}

TEST(Conformance, WhatComesForAStreamThatWasResetHereIsIgnored) {
  Harness server;
  server.site.answers = false;
  server.send(std::string(kPreface) + settings() + post(1));
  server.session->reset(1, ErrorCode::Cancel);
  server.flush();
  server.output.clear();
  server.send(data_frame(1, "late") + headers(1, {{"x-a", "b"}}) + ping());
  EXPECT_EQ(frames_in(server.output).size(), 1U);
}

TEST(Conformance, ConnectAndExtendedConnectAreAnswered501) {
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
