// ServerSession with clients that break the rules of RFC 9113, case by case.
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
      {"6.3 length, closed", get(1) + rst_stream(1) + raw_frame(FrameType::Priority, 0, 1, "1234"),
       connection(FrameSizeError)},
      {"6.3 length, idle", raw_frame(FrameType::Priority, 0, 1, "1234"),
       connection(FrameSizeError)},
      {"6.4 RST_STREAM on 0", rst_stream(0), connection(ProtocolError)},
      {"6.4 idle", rst_stream(1), connection(ProtocolError)},
      {"6.4 length", post(1) + raw_frame(FrameType::RstStream, 0, 1, "123"),
       connection(FrameSizeError)},
  };
}

std::vector<Case> cases_of_control() {
  return {
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
      {"6.9 by 0 on a stream", post(1) + window_update(1, 0), stream(ProtocolError)},
      {"6.9 length", raw_frame(FrameType::WindowUpdate, 0, 0, "123"), connection(FrameSizeError)},
      {"6.9.1 overflow", window_update(0, 0x7fffffff), connection(FlowControlError)},
      {"6.9.1 overflow of a stream", post(1) + window_update(1, 0x7fffffff),
       stream(FlowControlError)},
      {"6.9.1 overflow of a stream in two steps",
       post(1) + window_update(1, 0x7fff0000) + window_update(1, 0xffff), stream(FlowControlError)},
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

TEST(Conformance, FramesAreJudgedAsTheRfcSays) {
  expect_outcomes(cases_of_frames());
  expect_outcomes(cases_of_control());
}

TEST(Conformance, StatesOfStreamsAreKept) {
  expect_outcomes(cases_of_streams());
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

TEST(Conformance, WhatComesForAStreamThatIsForgottenIsIgnored) {
  Harness server;
  server.send(std::string(kPreface) + settings());
  for (std::uint32_t i = 0; i < 40; ++i) server.send(get(2 * i + 1));
  server.output.clear();
  // The last 32 are known: 17 to 79.
  EXPECT_TRUE(server.send(data_frame(15, "late") + ping()));
  EXPECT_EQ(frames_in(server.output).size(), 1U);
  EXPECT_FALSE(server.send(data_frame(17, "late")));
  EXPECT_EQ(to_text(outcome_of(server.output).error), "STREAM_CLOSED");
}

}  // namespace
}  // namespace pear::http2
