// Requests and answers, and who waits for a place.
#include <chrono>
#include <functional>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/core_fixture.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

TEST_F(CoreTest, AnswersARequestWithWhatTheGuestSays) {
  start();
  const std::string heard = ask(kGet, "hello");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_TRUE(heard.contains("content-length: 5\r\n")) << heard;
}

TEST_F(CoreTest, ServesOneRequestAfterTheOtherOnAConnection) {
  start();
  const io::UniqueFd client = connect();
  for (int i = 0; i < 3; ++i) {
    say(client, kGet);
    EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(counters().responses[2].value(), 3U);
}

TEST_F(CoreTest, AnswersPipelinedRequestsInOrder) {
  engine_.serve = [](FakeGuest& guest) { return guest.answer(guest.request.path_with_query); };
  start();
  const io::UniqueFd client = connect();
  std::string requests;
  for (int i = 0; i < 5; ++i)
    requests += fmt::format("GET /site/{} HTTP/1.1\r\nHost: a\r\n\r\n", i);
  say(client, requests);
  const std::string heard = hear_body(client, "/site/4");
  std::size_t at = 0;
  for (int i = 0; i < 5; ++i) {
    at = heard.find(fmt::format("/site/{}", i), at);
    ASSERT_NE(at, std::string::npos) << heard;
  }
}

TEST_F(CoreTest, LogsWhatAGuestPrintsAlsoWithoutAnEndOfLine) {
  engine_.serve = [](FakeGuest& guest) {
    guest.host.log(cage::LogStream::Stdout, "one\ntw");
    guest.host.log(cage::LogStream::Stdout, "o");
    if (guest.request.path_with_query == "/site/trap") {
      return guest.fault(cage::GuestFault::Trap, "as asked");
    }
    return guest.answer("hello");
  };
  start();
  ask(kGet, "hello");
  ask("GET /site/trap HTTP/1.1\r\nHost: a\r\n\r\n", "}");

  std::string messages;
  const std::string log = logged();
  constexpr std::string_view kMessage = "\"message\":\"";
  for (std::size_t at = log.find(kMessage); at != std::string::npos; at = log.find(kMessage, at)) {
    at += kMessage.size();
    messages += log.substr(at, log.find('"', at) - at) + ";";
  }
  EXPECT_EQ(messages, "one;two;one;two;") << log;
}

TEST_F(CoreTest, AnswersWith404WhereNoSiteIs) {
  start();
  const std::string heard = ask("GET /elsewhere HTTP/1.1\r\nHost: a\r\n\r\n", "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 404 Not Found\r\n")) << heard;
  EXPECT_TRUE(heard.contains("proxy-status: pear; error=destination_not_found\r\n")) << heard;
}

TEST_F(CoreTest, AnswersAboutItselfWhereNoSiteIsAsked) {
  start();
  for (const char* const target : {"*", "http://a"}) {
    const std::string request =
        std::string("OPTIONS ").append(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string heard = ask(request, "\r\n\r\n");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 204 No Content\r\n")) << heard;
    EXPECT_TRUE(heard.contains("allow: GET, HEAD, POST")) << heard;
    EXPECT_FALSE(heard.contains("content-length")) << heard;
  }
  EXPECT_TRUE(ask("GET * HTTP/1.1\r\nHost: a\r\n\r\n", "<end>").starts_with("HTTP/1.1 400 "));
}

TEST_F(CoreTest, RefusesWhatIsNoRequestAndCloses) {
  start();
  const std::string heard = ask("GET / HTTP/1.1\nHost: a\n\n", "<end>");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << heard;
  EXPECT_TRUE(heard.contains("connection: close\r\n")) << heard;
  EXPECT_EQ(counters_.protocol_errors.value(), 1U);
}

TEST_F(CoreTest, RefusesARequestAfterTooManyEmptyLinesByAnAnswer) {
  start();
  for (const char* const before : {"\n", "\r\n\r\n"}) {
    const std::string heard = ask(std::string(before).append(kGet), "<end>");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 ")) << heard;
  }
  EXPECT_EQ(ask("\r\n\x16\x03\x01\r\n", "<end>"), "<end>") << "this is no HTTP";
}

TEST_F(CoreTest, RefusesHeadWithoutABody) {
  start();
  for (const char* const request :
       {"HEAD /site/ HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "\nHEAD / HTTP/1.1\r\n",
        "HEAD /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999\r\n\r\n"}) {
    const std::string heard = ask(request, "<end>");
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 4")) << heard;
    EXPECT_TRUE(heard.ends_with("connection: close\r\n\r\n<end>")) << heard;
  }
}

class TwoRequestsTest : public CoreTest {
 protected:
  // Two requests that do not end before `meanwhile` was called; then both are answered.
  void serve_two(const std::function<void()>& meanwhile) {
    bool go = false;
    engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
    start();
    const io::UniqueFd first = connect();
    const io::UniqueFd second = connect();
    say(first, kGet);
    say(second, kGet);
    turns(10);
    meanwhile();
    go = true;
    EXPECT_TRUE(hear_body(first, "hello").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(hear_body(second, "hello").starts_with("HTTP/1.1 200 "));
  }
};

TEST_F(TwoRequestsTest, BeyondTheCagesPlacesWaitAndAreServedInTurn) {
  site_.limits.max_concurrent_requests = 1;
  serve_two([&] { EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 1U); });
}

TEST_F(CoreTest, AQueueThatIsFullAnswers503AtOnce) {
  site_.limits.max_concurrent_requests = 1;
  site_.limits.queue_max = 1;
  site_.limits.cpu = std::chrono::hours(1);
  engine_.serve = [](FakeGuest& guest) { return guest.pending(); };
  start();
  const io::UniqueFd runs = connect();
  const io::UniqueFd waits = connect();
  say(runs, kGet);
  say(waits, kGet);
  const std::string heard = ask(kGet, "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503 ")) << heard;
  EXPECT_TRUE(heard.contains("retry-after: 1\r\n")) << heard;
  EXPECT_EQ(counters().queue_full.value(), 1U);
}

TEST_F(CoreTest, ARequestForASiteWithoutCagesIsAnsweredWith503AtOnce) {
  has_cages_ = false;
  start();
  const std::string heard = ask(kGet, "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503 ")) << heard;
}

TEST_F(CoreTest, ARequestForASiteWhoseImageIsBeingMadeWaitsForItsFirstCage) {
  has_cages_ = false;
  awaits_image_ = true;
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(20);
  EXPECT_EQ(counters().responses[5].value(), 0U);

  has_cages_ = true;
  awaits_image_ = false;
  publish();
  spawn();

  EXPECT_TRUE(hear_body(client, "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(CoreTest, ARequestForASiteWhoseImageIsBeingMadeIsToldToComeBackAfterItsTime) {
  has_cages_ = false;
  awaits_image_ = true;
  site_.limits.queue_timeout = std::chrono::milliseconds(0);
  start();
  const std::string heard = ask(kGet, "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503 ")) << heard;
  EXPECT_TRUE(heard.contains("retry-after: 1\r\n")) << heard;
}

TEST_F(CoreTest, NewTablesDoNotPutOffTheDeadlineOfARequestThatWaits) {
  has_cages_ = false;
  awaits_image_ = true;
  site_.limits.queue_timeout = std::chrono::milliseconds(5);
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  for (int i = 0; i < 1'000'000 && counters().queue_timeout.value() == 0; ++i) {
    publish();
    turns(1);
  }
  EXPECT_TRUE(hear_body(client, "\n").starts_with("HTTP/1.1 503 "));
}

TEST_F(TwoRequestsTest, ForWhichTheAccountHasNoRoomTakeTurnsInsteadOfFailing) {
  site_.limits.memory = 10_MiB;
  engine_.memory_of_instance = 8U << 20U;
  serve_two([&] { EXPECT_EQ(engine_.alive, 1); });
}

}  // namespace
}  // namespace pear::data
