// Clients that send no more and still read: they get what they have asked for.
#include <string>
#include <string_view>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

class HalfClosedTest : public CoreTest {
 protected:
  HalfClosedTest() {
    engine_.serve = [this](FakeGuest& guest) {
      return may_answer_ ? guest.answer("hello") : guest.yielded(std::chrono::microseconds(3));
    };
  }
  void send_fin(const io::UniqueFd& client) {
    EXPECT_EQ(::shutdown(client.get(), SHUT_WR), 0);
    turns(50);
  }
  [[nodiscard]] std::uint64_t in_flight() const {
    return table_->sites[0]->cages[0].counters->in_flight.value();
  }

  bool may_answer_ = false;
};

TEST_F(HalfClosedTest, ARequestIsAnsweredHoweverLongThatTakes) {
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  send_fin(client);
  EXPECT_EQ(in_flight(), 1U);

  may_answer_ = true;
  EXPECT_TRUE(hear_body(client, "never").ends_with("\r\n\r\nhello<end>"));
}

TEST_F(HalfClosedTest, RequestsThatWereSentAheadAreAnsweredToo) {
  start();
  const io::UniqueFd client = connect();
  say(client, std::string(kGet) + std::string(kGet) + "GET /si");
  send_fin(client);

  may_answer_ = true;
  const std::string heard = hear_body(client, "never");
  EXPECT_EQ(heard.find("hello"), heard.rfind("hello", heard.size() - 20)) << heard;
  EXPECT_TRUE(heard.ends_with("hello<end>"));
}

TEST_F(HalfClosedTest, AnAnswerThatTheKernelDoesNotTakeAtOnceComesWhole) {
  may_answer_ = true;
  const std::string body(20'000'000, 'b');
  engine_.serve = [&, sent = std::size_t{0}](FakeGuest& guest) mutable {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    const std::uint64_t window = guest.host.body_window();
    const auto piece = std::string_view(body).substr(sent, window);
    guest.host.write_body(piece);
    sent += piece.size();
    if (sent < body.size()) return guest.pending();
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, "GET /site/ HTTP/1.0\r\n\r\n");
  send_fin(client);

  const std::string heard = hear_body(client, "never");
  EXPECT_GT(heard.size(), body.size());
  EXPECT_TRUE(heard.ends_with("bb<end>"));
}

TEST_F(HalfClosedTest, ABodyThatEndsTooSoonIs400) {
  engine_.serve = [](FakeGuest& guest) {
    return guest.host.body_window() == cage::GuestHost::kClientGone ? guest.idle()
                                                                    : guest.pending();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, "POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  send_fin(client);

  EXPECT_TRUE(hear_body(client, "never").starts_with("HTTP/1.1 400 Bad Request\r\n"));
  turns(20);
  EXPECT_EQ(in_flight(), 0U);
}

TEST_F(HalfClosedTest, ABodyThatEndsTooSoonAfterTheHeadFailsForItsReaderAlone) {
  bool failed = false;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) {
      static_cast<void>(guest.host.respond(200, {}));
      guest.host.write_body("first ");
    }
    std::string_view bytes;
    const auto read = guest.host.read_body(100, &bytes);
    if (read == cage::BodyRead::Pending || read == cage::BodyRead::Bytes) return guest.pending();
    failed = read == cage::BodyRead::Failed;
    guest.host.write_body("then the rest");
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, "POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  turns(20);
  send_fin(client);

  const std::string heard = hear_body(client, "never");
  EXPECT_EQ(body_of_chunks(heard.substr(0, heard.rfind("<end>"))), "first then the rest");
  EXPECT_TRUE(failed);
}

TEST_F(HalfClosedTest, WhoResetsTheConnectionIsGone) {
  engine_.serve = [](FakeGuest& guest) {
    return guest.host.body_window() == cage::GuestHost::kClientGone
               ? guest.idle()
               : guest.yielded(std::chrono::microseconds(3));
  };
  start();
  io::UniqueFd client = connect();
  say(client, kGet);
  send_fin(client);
  EXPECT_EQ(in_flight(), 1U);

  io::reset_on_close(client.get());
  client.reset();
  turns(50);
  EXPECT_EQ(in_flight(), 0U);
}

TEST_F(HalfClosedTest, ByHttp2RequestsThatAreWholeAreAnswered) {
  start();
  const io::UniqueFd socket = connect();
  http2::TestClient client;
  const std::int32_t stream = client.request(
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/site/"}});
  say(socket, client.take_output());
  turns(20);
  send_fin(socket);
  EXPECT_EQ(in_flight(), 1U);

  may_answer_ = true;
  std::string heard = hear_body(socket, "never");
  ASSERT_TRUE(heard.ends_with("<end>"));
  heard.resize(heard.size() - 5);
  ASSERT_TRUE(client.give(heard));
  EXPECT_EQ(client.responses[stream].body, "hello");
  EXPECT_TRUE(client.responses[stream].ended);
}

}  // namespace
}  // namespace pear::data
