// ServerSession under floods, each with its exact bound.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/server_session.h"

namespace pear::http2 {
namespace {

constexpr std::uint8_t kEndStream = FrameHead::kEndStream;
constexpr std::uint8_t kEndHeaders = FrameHead::kEndHeaders;

struct Cut {
  std::size_t frames = 0;  // Rounds that were taken before the connection ended; 0: it did not.
  Offence offence{};
  ErrorCode error{};
};

// Sends round after round at one time, and writes in between, until the connection is cut.
template <typename Round>
Cut flood(Harness& server, std::size_t rounds_max, Round round) {
  server.send(std::string(kPreface) + settings());
  for (std::size_t i = 0; i < rounds_max; ++i) {
    if (server.send(round(i))) continue;
    Cut cut{.frames = i + 1};
    if (!server.site.offences.empty()) cut.offence = server.site.offences.back();
    for (const RawFrame& frame : frames_in(server.output)) {
      if (frame.is(FrameType::Goaway)) cut.error = static_cast<ErrorCode>(frame.number_at(4));
    }
    EXPECT_TRUE(server.session->over());
    return cut;
  }
  return {};
}

void expect_cut(const Cut& cut, std::size_t frames, Offence offence) {
  EXPECT_EQ(cut.frames, frames);
  EXPECT_EQ(to_text(cut.offence), to_text(offence));
  EXPECT_EQ(to_text(cut.error), "ENHANCE_YOUR_CALM");
}

std::uint32_t nth_stream(std::size_t i) {
  return static_cast<std::uint32_t>(2 * i + 1);
}

TEST(Abuse, RapidResetIsCutAfter200) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(
      server, 1000, [](std::size_t i) { return get(nth_stream(i)) + rst_stream(nth_stream(i)); });
  expect_cut(cut, 201, Offence::Resets);
  EXPECT_EQ(server.site.closed, 200U) << "the work of streams that were reset ends at once";
}

TEST(Abuse, RapidResetInOneReadIsCutAtTheSameFrame) {
  Harness server;
  server.site.answers = false;
  std::string all = std::string(kPreface) + settings();
  for (std::size_t i = 0; i < 1000; ++i) all += get(nth_stream(i)) + rst_stream(nth_stream(i));
  EXPECT_FALSE(server.send(all));
  EXPECT_EQ(server.site.closed, 200U);
  EXPECT_EQ(server.site.exchanges.size(), 201U);
  EXPECT_EQ(frames_in(server.output).back().number_at(0), 401U) << "the last stream";
}

TEST(Abuse, AHundredResetsASecondAreServedForEver) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(server, 5000, [&](std::size_t i) {
    server.now += std::chrono::milliseconds(10);
    return get(nth_stream(i)) + rst_stream(nth_stream(i));
  });
  EXPECT_EQ(cut.frames, 0U);
}

TEST(Abuse, MadeYouResetByMalformedRequestsIsCutAfter200) {
  Harness server;
  const Cut cut = flood(server, 1000, [](std::size_t i) {
    return headers(nth_stream(i), with(get_fields(), {{"connection", "close"}}));
  });
  expect_cut(cut, 201, Offence::Resets);
}

TEST(Abuse, MadeYouResetByPriorityLengthIsCutAfter200) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(server, 1000, [](std::size_t i) {
    return get(nth_stream(i)) + raw_frame(FrameType::Priority, 0, nth_stream(i), "1234");
  });
  expect_cut(cut, 201, Offence::Resets);
  EXPECT_EQ(server.site.closed, 200U);
}

TEST(Abuse, MadeYouResetByBodiesOfAWrongLengthIsCutAfter200) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(server, 1000, [](std::size_t i) {
    return post(nth_stream(i), {{"content-length", "1"}}) + data_frame(nth_stream(i), "xx");
  });
  expect_cut(cut, 201, Offence::Resets);
}

TEST(Abuse, MadeYouResetByWindowOverflowIsCutAfter200) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(server, 1000, [](std::size_t i) {
    return get(nth_stream(i)) + window_update(nth_stream(i), 0x7fffffff);
  });
  expect_cut(cut, 201, Offence::Resets);
  EXPECT_EQ(server.site.closed, 200U);
}

TEST(Abuse, MadeYouResetByEmptyWindowUpdatesIsCutAfter200) {
  Harness server;
  server.site.answers = false;
  const Cut cut = flood(server, 1000, [](std::size_t i) {
    return get(nth_stream(i)) + window_update(nth_stream(i), 0);
  });
  expect_cut(cut, 201, Offence::Resets);
}

TEST(Abuse, MadeYouResetByStreamsBeyondTheLimitIsCutAfter200) {
  SessionOptions options;
  options.streams_max = 1;
  Harness server(options);
  server.site.answers = false;
  const Cut cut = flood(server, 1000, [](std::size_t i) { return get(nth_stream(i)); });
  expect_cut(cut, 202, Offence::Resets);
}

TEST(Abuse, ContinuationsAreCutAfterEight) {
  Harness server;
  const Cut cut = flood(server, 100, [](std::size_t i) {
    return i == 0 ? raw_frame(FrameType::Headers, kEndStream, 1, header_block(get_fields()))
                  : raw_frame(FrameType::Continuation, 0, 1);
  });
  expect_cut(cut, 10, Offence::Continuations);
}

TEST(Abuse, AHeaderBlockIsCutAt16KilobytesMoreThanTheLimit) {
  for (const std::size_t more : {0U, 1U}) {
    Harness server;
    server.send(std::string(kPreface) + settings());
    const std::string block(16'384, '\x82');  // ":method: GET", again and again.
    EXPECT_TRUE(server.send(raw_frame(FrameType::Headers, kEndStream, 1, block)));
    EXPECT_TRUE(server.send(raw_frame(FrameType::Continuation, 0, 1, block)));
    EXPECT_EQ(server.send(raw_frame(FrameType::Continuation, kEndHeaders, 1,
                                    block.substr(0, 16'384 - 1) + std::string(more, '\x82'))),
              true);
    EXPECT_EQ(server.send(raw_frame(FrameType::Ping, 0, 0, "12345678")), true);
    EXPECT_TRUE(server.site.exchanges.empty());
  }
  Harness server;
  server.send(std::string(kPreface) + settings());
  const std::string block(16'384, '\x82');
  server.send(raw_frame(FrameType::Headers, kEndStream, 1, block) +
              raw_frame(FrameType::Continuation, 0, 1, block));
  EXPECT_TRUE(server.send(raw_frame(FrameType::Continuation, 0, 1, block)));
  EXPECT_FALSE(server.send(raw_frame(FrameType::Continuation, 0, 1, "\x82")));
  EXPECT_EQ(to_text(server.site.offences.back()), "header_block");
}

TEST(Abuse, PingsAreCutAfter500) {
  Harness server;
  expect_cut(
      flood(server, 2000, [](std::size_t) { return raw_frame(FrameType::Ping, 0, 0, "12345678"); }),
      501, Offence::Pings);
}

TEST(Abuse, SettingsAreCutAfter50) {
  Harness server;
  // The first SETTINGS of a connection is not counted.
  expect_cut(flood(server, 1000, [](std::size_t) { return settings({{4, 65'535}}); }), 51,
             Offence::Settings);
}

TEST(Abuse, EmptyDataIsCutAfter50) {
  Harness server;
  expect_cut(
      flood(server, 1000, [](std::size_t i) { return i == 0 ? post(1) : data_frame(1, ""); }), 52,
      Offence::EmptyData);
}

TEST(Abuse, DataOfPaddingAloneIsCutAfter50) {
  Harness server;
  expect_cut(flood(server, 1000,
                   [](std::size_t i) {
                     return i == 0 ? post(1)
                                   : raw_frame(FrameType::Data, 0x8, 1, std::string("\2\0\0", 3));
                   }),
             52, Offence::EmptyData);
}

TEST(Abuse, PrioritiesAreCutAfter500) {
  Harness one;
  expect_cut(flood(one, 1000,
                   [](std::size_t i) {
                     return raw_frame(FrameType::Priority, 0, nth_stream(i), big_endian(0) + "1");
                   }),
             501, Offence::Priorities);
  Harness other;
  expect_cut(flood(other, 1000,
                   [](std::size_t) {
                     return raw_frame(FrameType::PriorityUpdate, 0, 0, big_endian(1) + "u=1");
                   }),
             501, Offence::Priorities);
}

TEST(Abuse, TinyWindowUpdatesAreCutAfter10000) {
  Harness server;
  expect_cut(flood(server, 20'000, [](std::size_t) { return window_update(0, 255); }), 10'001,
             Offence::WindowUpdates);
  Harness other;
  EXPECT_EQ(flood(other, 20'000, [](std::size_t) { return window_update(0, 256); }).frames, 0U);
}

TEST(Abuse, UnknownFramesAreCutAfter500) {
  Harness server;
  expect_cut(flood(server, 1000, [](std::size_t) { return raw_frame(0x42, 0, 0, "x"); }), 501,
             Offence::UnknownFrames);
}

TEST(Abuse, LateFramesAreCutAfter1000) {
  Harness server;
  server.site.full = true;  // Each stream is refused.
  expect_cut(
      flood(server, 3000, [](std::size_t i) { return i == 0 ? post(1) : data_frame(1, "x"); }),
      1002, Offence::LateFrames);
}

TEST(Abuse, ABombOfReferencesIsAnswered431WithLittleMemoryAndCutWhenItGoesOn) {
  Harness server;
  const std::string bomb = "\x40" + hpack_string("x") + hpack_string(std::string(4'000, 'v'));
  server.send(std::string(kPreface) + settings() +
              raw_frame(FrameType::Headers, kEndStream | kEndHeaders, 1,
                        header_block(get_fields()) + bomb + std::string(12'000, '\xbe')));
  EXPECT_EQ(server.site.events.front(), "1 refused 431");
  EXPECT_LE(server.session->resident_bytes(), 64U * 1024);
  std::size_t sent = 1;
  while (server.send(raw_frame(FrameType::Headers, kEndStream | kEndHeaders, nth_stream(sent),
                               header_block(get_fields()) + std::string(12'000, '\xbe')))) {
    ASSERT_LT(++sent, 100U);
  }
  EXPECT_EQ(sent, 20U);
  EXPECT_EQ(to_text(server.site.offences.back()), "large_heads");
}

TEST(Abuse, AClientThatDoesNotReadIsCutAt1000FramesThatWaitForIt) {
  SessionOptions options;
  options.floods.pings = {.burst = 100'000, .per_second = 1};
  Harness server(options);
  EXPECT_TRUE(server.send_only(std::string(kPreface) + settings()));
  std::size_t sent = 0;
  while (server.send_only(raw_frame(FrameType::Ping, 0, 0, "12345678"))) ASSERT_LT(++sent, 5'000U);
  EXPECT_LE(sent, 1'000U);
  EXPECT_EQ(to_text(server.site.offences.back()), "control_queue");
}

TEST(Abuse, LongStringsThatNeverComeTakeNoMemory) {
  Harness server;
  server.send(std::string(kPreface) + settings());
  const std::size_t before = server.session->resident_bytes();
  // A name, and a value of 65,000 bytes of which one comes.
  server.send(
      raw_frame(FrameType::Headers, kEndStream, 1, std::string("\x00\x01x\x7f\xe9\xfa\x03v", 8)));
  EXPECT_LE(server.session->resident_bytes(), before + 128UL * 1024);
}

TEST(Abuse, APathThatIsTooLongIsAnswered414) {
  Harness server;
  server.send(std::string(kPreface) + settings() +
              headers(1, get_fields("/" + std::string(8 * 1024, 'p'))) +
              headers(3, get_fields("/" + std::string(8 * 1024 - 1, 'p'))));
  EXPECT_EQ(server.site.events.front(), "1 refused 414");
  EXPECT_EQ(server.site.exchanges[3]->status, 200);
}

TEST(Abuse, TooManyFieldsAreAnswered431) {
  for (const std::size_t count : {100U, 101U}) {
    Harness server;
    FieldPairs fields = get_fields();
    for (std::size_t i = 0; i < count; ++i) fields.emplace_back("x", "y");
    server.send(std::string(kPreface) + settings() + headers(1, fields));
    EXPECT_EQ(server.site.exchanges[1]->status, count == 100 ? 200 : 431);
  }
}

}  // namespace
}  // namespace pear::http2
