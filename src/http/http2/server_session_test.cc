// ServerSession with a client that keeps the rules.
#include "http/http2/server_session.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"
#include "http/http2/raw_frames.h"
#include "http/http2/session_memory.h"
#include "http/http2/test_client.h"

namespace pear::http2 {
namespace {

using Events = std::vector<std::string>;
using Goaways = std::vector<std::pair<std::int32_t, std::uint32_t>>;

TEST(ServerSession, AnswersAGet) {
  Harness server;
  server.site.answer = {.body = "hello", .fields = {{"content-type", "text/plain"}}};
  TestClient client;
  const auto stream = client.request(with(get_fields("/a?b"), {{"accept", "*/*"}}));

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.events, (Events{"1 GET a.example /a?b accept=*/*", "1 closed NO_ERROR"}));
  const auto& response = client.responses[stream];
  EXPECT_EQ(response.field(":status"), "200");
  EXPECT_EQ(response.field("content-type"), "text/plain");
  EXPECT_EQ(response.field("date"), "Mon, 01 Jan 2024 00:00:00 GMT");
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(server.session->streams_open(), 0U);
}

TEST(ServerSession, KeepsADateOfTheSiteAndDropsWhatIsAboutTheConnection) {
  Harness server;
  server.site.answer.fields = {{"date", "yesterday"},
                               {"connection", "close"},
                               {"transfer-encoding", "chunked"},
                               {"X-Upper", "1"}};
  TestClient client;
  const auto stream = client.request(get_fields());

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].fields,
            (FieldPairs{{":status", "200"}, {"date", "yesterday"}, {"x-upper", "1"}}));
}

TEST(ServerSession, GivesTheBodyOfAPostAndItsTrailers) {
  Harness server;
  server.site.answer = {.body = "done", .trailers = {{"x-sum", "42"}}};
  TestClient client;
  const std::string body(200'000, 'b');
  const auto stream = client.request(with(get_fields("/", "POST"), {{"content-length", "200000"}}),
                                     body, {{"x-last", "1"}});

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.exchanges[1]->body, body);
  EXPECT_EQ(std::ranges::count(server.site.events, "1 trailer x-last: 1"), 1);
  EXPECT_EQ(client.responses[stream].body, "done");
  EXPECT_EQ(client.responses[stream].field("x-sum"), "42");
  EXPECT_TRUE(client.responses[stream].ended);
}

TEST(ServerSession, SendsTrailersOfAnEmptyBodyThatWasNotEmptyInTheHead) {
  Harness server;
  server.site.answer = {.body = "12345", .trailers = {{"x-sum", "42"}}, .body_steps = 5};
  TestClient client;
  const auto stream = client.request(get_fields());

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].body, "12345");
  EXPECT_EQ(client.responses[stream].field("x-sum"), "42");
}

TEST(ServerSession, LetsAClientSendNoMoreThanTheReaderTakes) {
  Harness server;
  server.site.consumes = false;
  TestClient client;
  client.request(get_fields("/", "POST"), std::string(300'000, 'b'));

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.exchanges[1]->body.size(), 65'536U);
  server.session->consume(1, 40'000);
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.exchanges[1]->body.size(), 65'536U + 40'000U);
}

TEST(ServerSession, GivesTheConnectionBackWhatAClosedStreamHadNotUsed) {
  SessionOptions options;
  options.connection_window = 100'000;
  Harness server(options);
  server.site.consumes = false;
  TestClient client;
  for (int i = 0; i < 10; ++i) {
    const auto stream = client.request(get_fields("/", "POST"), std::string(60'000, 'b'));
    ASSERT_TRUE(client.talk(server));
    ASSERT_EQ(server.site.exchanges[stream]->body.size(), 60'000U) << i;
    client.cancel(stream);
    ASSERT_TRUE(client.talk(server));
  }
}

TEST(ServerSession, SendsTheHeadOnlyToHead) {
  Harness server;
  server.site.answer = {.body = "hello", .content_length = 5};
  TestClient client;
  const auto stream = client.request(get_fields("/", "HEAD"));

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].field("content-length"), "5");
  EXPECT_EQ(client.responses[stream].body, "");
  EXPECT_TRUE(client.responses[stream].closed);
}

TEST(ServerSession, SendsInterimResponsesBeforeTheFinalOne) {
  Harness server;
  server.site.answers = false;
  TestClient client;
  const auto stream = client.request(get_fields());
  ASSERT_TRUE(client.talk(server));

  server.site.exchanges[stream]->inform(100, {});
  const std::vector<http::Field> links = {{"link", "</a.css>; rel=preload"}};
  server.site.exchanges[stream]->inform(103, links);
  server.site.exchanges[stream]->respond();

  ASSERT_TRUE(client.talk(server));
  std::vector<std::string> statuses;
  for (const auto& [name, value] : client.responses[stream].fields) {
    if (name == ":status") statuses.push_back(value);
  }
  EXPECT_EQ(statuses, (Events{"100", "103", "200"}));
  EXPECT_EQ(client.responses[stream].field("link"), "</a.css>; rel=preload");
}

TEST(ServerSession, ServesAHundredStreamsAtOnce) {
  Harness server;
  server.site.answers = false;
  server.site.answer.body.assign(5'000, 'x');
  TestClient client;
  for (int i = 0; i < 100; ++i) client.request(get_fields("/" + std::to_string(i)));
  ASSERT_TRUE(client.talk(server));
  ASSERT_EQ(server.session->streams_open(), 100U);

  for (auto& [stream, exchange] : server.site.exchanges) exchange->respond();
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.session->streams_open(), 0U);
  for (auto& [stream, response] : client.responses) EXPECT_EQ(response.body.size(), 5'000U);
}

TEST(ServerSession, SendsTheUrgentStreamFirst) {
  for (const bool by_response : {false, true}) {
    Harness server;
    server.site.answers = false;
    server.site.answer.body.assign(40'000, 'x');
    TestClient client;
    client.request(with(get_fields(), {{"priority", "u=5"}}));
    client.request(get_fields());
    client.request(with(get_fields(), {{"priority", by_response ? "u=7" : "u=0"}}));
    server.send(client.take_output());
    for (const int stream : {1, 3, 5}) {
      server.site.answer.fields = {};
      if (by_response && stream == 5) server.site.answer.fields = {{"priority", "u=1"}};
      server.site.exchanges[stream]->respond();
    }
    server.flush();
    ASSERT_FALSE(server.site.order.empty());
    EXPECT_EQ(server.site.order.front(), 5) << by_response;
  }
}

TEST(ServerSession, LetsAPriorityUpdateReorderStreams) {
  Harness server;
  server.site.answers = false;
  server.site.answer.body.assign(40'000, 'x');
  // A PRIORITY_UPDATE before its request, and one that contradicts the request's own field.
  server.send(std::string(kPreface) + settings() +
              raw_frame(FrameType::PriorityUpdate, 0, 0, big_endian(3) + "u=1") + get(1) +
              headers(3, with(get_fields(), {{"priority", "u=6"}})) + get(5) +
              raw_frame(FrameType::PriorityUpdate, 0, 0, big_endian(5) + "u=0"));
  for (const int stream : {1, 3, 5}) server.site.exchanges[stream]->respond();
  server.flush();
  server.site.order.resize(4);  // The rest of the connection's window is that of 3.
  EXPECT_EQ(server.site.order, (std::vector<std::int32_t>{5, 5, 5, 3}));
}

TEST(ServerSession, SendsALargeBodyThroughASmallWindow) {
  Harness server;
  server.site.answer.body.assign(100'000, 'x');
  TestClient client(1'000);
  const auto stream = client.request(get_fields());

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].body.size(), 100'000U);
}

TEST(ServerSession, SendsABodyAsItComes) {
  Harness server;
  server.site.answer = {.body = std::string(50, 'x'), .body_steps = 10};
  TestClient client;
  const auto stream = client.request(get_fields());
  for (std::size_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(client.talk(server));
    EXPECT_EQ(client.responses[stream].body.size(), i * 10);
    EXPECT_FALSE(server.session->wants_write());
    server.site.exchanges[stream]->allowed += 10;
    server.session->resume(stream);
  }
  EXPECT_TRUE(client.responses[stream].ended);
}

TEST(ServerSession, WritesNoMoreThanThereIsRoomForAndAllInTheEnd) {
  Harness server;
  server.site.answer.body.assign(60'000, 'x');
  TestClient client;
  const auto stream = client.request(get_fields());
  EXPECT_TRUE(server.send_only(client.take_output()));
  std::string all;
  std::string out(ServerSession::kWriteBytesMin, '\0');
  for (int i = 0; i < 100; ++i) {
    const std::size_t bytes = server.session->write(out);
    all.append(out, 0, bytes);
    if (bytes == 0) break;
  }
  ASSERT_TRUE(client.give(all));
  EXPECT_EQ(client.responses[stream].body.size(), 60'000U);
}

TEST(ServerSession, AsksToStopARequestThatIsAnsweredBeforeItsEnd) {
  Harness server;
  server.site.answer = {.status = 403, .body = "no", .at_once = true};
  TestClient client;
  const auto stream = client.request(get_fields("/", "POST"), std::string(1'000'000, 'b'));

  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].field(":status"), "403");
  EXPECT_EQ(client.responses[stream].body, "no");
  EXPECT_EQ(client.responses[stream].error, 0U);
  EXPECT_LT(client.responses[stream].request_sent, 1'000'000U);
  EXPECT_EQ(server.site.closed, 1U);
}

TEST(ServerSession, TellsOfACancelledStream) {
  Harness server;
  server.site.answers = false;
  TestClient client;
  const auto stream = client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  client.cancel(stream);
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.events.back(), "1 closed CANCEL");
}

TEST(ServerSession, ResetsAStreamForItsOwner) {
  Harness server;
  server.site.answers = false;
  TestClient client;
  const auto stream = client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  server.session->reset(stream, ErrorCode::InternalError);
  EXPECT_EQ(server.site.closed, 0U) << "not from within reset()";
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.events.back(), "1 closed INTERNAL_ERROR");
  EXPECT_EQ(client.responses[stream].error, 2U);
}

TEST(ServerSession, RefusesAStreamWithoutAnOwnerSoThatItMayBeSentAgain) {
  Harness server;
  server.site.full = true;
  TestClient client;
  const auto stream = client.request(get_fields(), "body");
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[stream].error, NGHTTP2_REFUSED_STREAM);
  EXPECT_EQ(server.session->streams_open(), 0U);
}

TEST(ServerSession, ServesWhatIsOnItsWayWhenItShutsDown) {
  Harness server;
  server.site.answers = false;
  TestClient client;
  client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  server.session->announce_shutdown();
  const auto late = client.request(get_fields("/late"));
  server.send(client.take_output());  // Before it knows.
  ASSERT_TRUE(client.talk(server));
  server.session->finish_shutdown();
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.goaways, (Goaways{{0x7fff'ffff, 0}, {late, 0}}));
  EXPECT_FALSE(server.session->over());

  for (auto& [stream, exchange] : server.site.exchanges) exchange->respond();
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(client.responses[late].field(":status"), "200");
  EXPECT_TRUE(server.session->over());
}

TEST(ServerSession, EndsAtOnceWhenItIsTerminated) {
  Harness server;
  server.site.answers = false;
  TestClient client;
  client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  server.session->terminate(ErrorCode::InternalError);
  EXPECT_FALSE(server.send(get(3)));
  EXPECT_TRUE(server.session->over());
  client.give(server.output);
  EXPECT_EQ(client.goaways, (Goaways{{1, 2}}));
  server.session.reset();
  EXPECT_EQ(server.site.events.back(), "1 closed CANCEL");
}

TEST(ServerSession, LeavesNoMemoryBehind) {
  Harness server;
  TestClient client;
  for (int i = 0; i < 50; ++i) client.request(get_fields(), "body");
  ASSERT_TRUE(client.talk(server));
  server.session.reset();
  EXPECT_EQ(server.memory.bytes_in_use(), 0U);
}

TEST(ServerSession, GrowsNoMoreOnceItIsWarm) {
  Harness server;
  TestClient client;
  const auto round = [&] {
    for (int i = 0; i < 20; ++i) client.request(with(get_fields(), {{"x-n", std::to_string(i)}}));
    ASSERT_TRUE(client.talk(server));
    client.responses.clear();
  };
  for (int i = 0; i < 10; ++i) round();
  const std::uint64_t before = server.memory.growths();
  for (int i = 0; i < 50; ++i) round();
  EXPECT_EQ(server.memory.growths(), before);
}

TEST(ServerSession, HoldsLessThanTwoPagesWhenItIsIdle) {
  Harness server;
  server.site.answer = {.body = std::string(10'000, 'x'),
                        .fields = {{"content-type", "text/html"}}};
  TestClient client;
  for (int i = 0; i < 3; ++i) {
    client.request(with(get_fields(), {{"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"},
                                       {"accept", "text/html,application/xhtml+xml"},
                                       {"accept-encoding", "gzip, deflate, br, zstd"}}));
    ASSERT_TRUE(client.talk(server));
  }
  server.session->idle();
  RecordProperty("idle_bytes", static_cast<int>(server.session->resident_bytes()));
  EXPECT_LE(server.session->resident_bytes(), 8'192U);

  // And it goes on.
  client.request(get_fields());
  ASSERT_TRUE(client.talk(server));
  EXPECT_EQ(server.site.closed, 4U);
}

TEST(ServerSession, HearsTheSameHoweverTheInputIsCut) {
  const std::string bytes =
      std::string(kPreface) + settings({{4, 1000}}) + get(1) + post(3, {{"content-length", "11"}}) +
      data_frame(3, "hello ") + window_update(0, 1000) +
      raw_frame(FrameType::Priority, 0, 7, big_endian(0) + "1") + data_frame(3, "world") +
      headers(3, {{"x-sum", "1"}}) + headers(5, with(get_fields(), {{"upgrade", "x"}})) +
      raw_frame(FrameType::Headers, 1, 7, header_block(get_fields()).substr(0, 20)) +
      raw_frame(FrameType::Continuation, 4, 7, header_block(get_fields()).substr(20)) + post(9) +
      raw_frame(FrameType::Data, 9, 9, std::string("\2ab\0\0", 5)) + get(11) + rst_stream(11) +
      raw_frame(FrameType::Ping, 0, 0, "12345678");
  const auto run = [&](std::size_t first, std::size_t then) {
    Harness server;
    for (std::size_t at = 0; at < bytes.size(); at += at == 0 ? first : then) {
      EXPECT_TRUE(server.send_only(std::string_view(bytes).substr(at, at == 0 ? first : then)));
    }
    server.flush();
    return std::pair(server.site.events, server.output);
  };
  const auto whole = run(bytes.size(), 1);
  ASSERT_GE(whole.first.size(), 10U);
  EXPECT_EQ(run(1, 1), whole);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    ASSERT_EQ(run(cut, bytes.size()), whole) << cut;
  }
}

}  // namespace
}  // namespace pear::http2
