#include "load/simple_client.h"

#include <gtest/gtest.h>

#include "load/fake_server.h"

namespace pear::load {
namespace {

using std::chrono::milliseconds;
using Then = FakeResponse::Then;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

FakeServer::Respond always(const FakeResponse& response) {
  return [response](std::string_view, std::uint64_t) { return response; };
}

TEST(SimpleClient, ReadsOneAnswerAfterTheOtherOnOneConnection) {
  FakeServer server([](std::string_view, std::uint64_t number) {
    return text_response(200, std::to_string(number));
  });
  auto client = SimpleClient::connect(server.port());
  ASSERT_TRUE(client.has_value());

  ASSERT_TRUE(client->send(std::string(kRequest) + std::string(kRequest)).has_value());

  EXPECT_EQ(client->read_answer()->body, "0");
  EXPECT_EQ(client->read_answer()->body, "1");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(SimpleClient, UndoesChunksAndGivesTheTrailers) {
  FakeServer server(always({.bytes = "HTTP/1.1 100 Continue\r\n\r\n"
                                     "HTTP/1.1 201 Created\r\nX-A: b\r\n"
                                     "transfer-encoding: chunked\r\n\r\n"
                                     "3\r\nabc\r\n0\r\nx-t: u\r\n\r\n"}));

  const auto answer = SimpleClient::get(server.port(), "/");

  ASSERT_TRUE(answer.has_value()) << answer.error().detail.view();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->header("x-a"), "b");
  EXPECT_EQ(answer->header("x-b"), "");
  EXPECT_EQ(answer->body, "abc");
  ASSERT_EQ(answer->trailers.size(), 1U);
  EXPECT_EQ(answer->trailers[0].second, "u");
}

TEST(SimpleClient, TakesTheEndOfTheConnectionForTheEndOfABodyWithoutLength) {
  FakeServer server(always({.bytes = "HTTP/1.1 200 OK\r\n\r\nabc", .then = Then::Close}));

  const auto answer = SimpleClient::get(server.port(), "/");

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "abc");
  EXPECT_FALSE(answer->keep_alive);
}

TEST(SimpleClient, TellsACutAnswerFromAWholeOne) {
  FakeServer server(
      always({.bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", .then = Then::Close}));

  const auto answer = SimpleClient::get(server.port(), "/");

  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::PeerClosed);
}

TEST(SimpleClient, GivesUpAfterItsTimeout) {
  FakeServer server(always({.bytes = "", .then = Then::SayNothing}));

  const auto answer = SimpleClient::get(server.port(), "/", milliseconds(20));

  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::TimedOut);
}

TEST(SimpleClient, ReadsRawBytesToTheEnd) {
  FakeServer server(always({.bytes = "anything", .then = Then::Close}));
  auto client = SimpleClient::connect(server.port());
  ASSERT_TRUE(client.has_value());

  ASSERT_TRUE(client->send(kRequest).has_value());

  EXPECT_EQ(*client->read_to_end(), "anything");
  EXPECT_TRUE(client->is_closed_by_peer());
}

TEST(SimpleClient, SeesThatAConnectionStaysOpen) {
  FakeServer server(always(text_response(200, "")));
  auto client = SimpleClient::connect(server.port(), milliseconds(20));
  ASSERT_TRUE(client.has_value());

  EXPECT_FALSE(client->is_closed_by_peer());
}

TEST(SimpleClient, StaysOnTheLoopbackInterface) {
  const auto client = SimpleClient::connect(*io::SocketAddress::parse("192.0.2.1", 80));

  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().kind, ErrorKind::InvalidInput);
}

}  // namespace
}  // namespace pear::load
