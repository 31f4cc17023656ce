// The client's session against the server's, in memory.
#include "http/http2/client_session.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/http2/fake_site.h"

namespace pear::http2 {
namespace {

using http::RequestEnd;

class Owner final : public http::RequestOwner {
 public:
  void on_body(http::RequestTag tag, std::string_view piece) override { bodies[tag] += piece; }
  void on_end(http::RequestTag tag, RequestEnd end, std::uint16_t status) override {
    ends[tag] = {end, status};
  }

  std::map<http::RequestTag, std::string> bodies;
  std::map<http::RequestTag, std::pair<RequestEnd, std::uint16_t>> ends;
};

class ClientSessionTest : public testing::Test {
 protected:
  bool get(http::RequestTag tag, std::string_view body = {}) {
    return client_->request(tag, fields_, body);
  }
  // Until neither has anything to say. False: the client found an error.
  bool talk() {
    for (;;) {
      std::string said;
      if (!client_->write(said, 1 << 20)) return false;
      if (!said.empty()) server_.send(said);
      server_.flush();
      const std::string heard = std::exchange(server_.output, {});
      if (said.empty() && heard.empty()) return true;
      if (!client_->receive(heard)) return false;
    }
  }
  [[nodiscard]] RequestEnd end_of(http::RequestTag tag) { return owner_.ends.at(tag).first; }

  const std::vector<http::Field> fields_{
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a.example"}, {":path", "/"}};
  Harness server_;
  Owner owner_;
  std::unique_ptr<ClientSession> client_ = ClientSession::make(owner_);
};

TEST_F(ClientSessionTest, TellsTheWholeAnswer) {
  server_.site.answer = {.status = 404, .body = "hello"};

  ASSERT_TRUE(get(3));
  ASSERT_TRUE(talk());

  EXPECT_EQ(owner_.ends.at(3), std::pair(RequestEnd::Answered, std::uint16_t{404}));
  EXPECT_EQ(owner_.bodies.at(3), "hello");
}

TEST_F(ClientSessionTest, SendsABodyAndUsesItsTagsAgain) {
  const std::string body(200'000, 'b');

  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(get(0, body));
    ASSERT_TRUE(talk());
    EXPECT_EQ(end_of(0), RequestEnd::Answered);
    owner_.ends.clear();
  }

  for (const auto& [id, exchange] : server_.site.exchanges) EXPECT_EQ(exchange->body, body) << id;
  EXPECT_EQ(server_.site.exchanges.size(), 3U);
}

TEST_F(ClientSessionTest, SaysWhatTheServerHasNotProcessed) {
  server_.site.full = true;

  ASSERT_TRUE(get(0));
  ASSERT_TRUE(talk());

  EXPECT_EQ(end_of(0), RequestEnd::NotProcessed);
  EXPECT_TRUE(client_->takes_requests());
}

TEST_F(ClientSessionTest, TakesNoMoreAfterAGoawayAndSaysWhichItWasTooLateFor) {
  ASSERT_TRUE(get(0));
  ASSERT_TRUE(talk());
  server_.session->announce_shutdown();
  server_.session->finish_shutdown();
  ASSERT_TRUE(get(1)) << "it has not come yet";

  ASSERT_TRUE(talk());

  EXPECT_EQ(end_of(1), RequestEnd::NotProcessed);
  EXPECT_FALSE(client_->takes_requests());
  EXPECT_FALSE(get(2));
  EXPECT_FALSE(client_->aborted());
}

TEST_F(ClientSessionTest, TellsAResetFromTheEndOfTheConnection) {
  server_.site.answers = false;
  ASSERT_TRUE(get(0));
  ASSERT_TRUE(talk());
  server_.session->reset(server_.site.exchanges.begin()->first, ErrorCode::InternalError);

  ASSERT_TRUE(talk());
  EXPECT_EQ(end_of(0), RequestEnd::Reset);
  EXPECT_FALSE(client_->aborted());
  server_.session->terminate(ErrorCode::InternalError);
  static_cast<void>(talk());

  EXPECT_TRUE(client_->aborted());
}

TEST_F(ClientSessionTest, SaysNothingMoreOfARequestThatWasCancelled) {
  server_.site.answers = false;
  ASSERT_TRUE(get(0));
  ASSERT_TRUE(talk());

  client_->cancel(0);
  ASSERT_TRUE(talk());

  EXPECT_TRUE(owner_.ends.empty());
  EXPECT_EQ(server_.site.closed, 1U);
  EXPECT_TRUE(get(0)) << "its tag is free";
}

TEST_F(ClientSessionTest, IsEndedByWhatIsNotHttp2) {
  std::string said;
  ASSERT_TRUE(client_->write(said, 1 << 20));

  const bool goes_on = client_->receive(std::string_view("HTTP/1.1 400 Bad Request\r\n\r\n"));

  EXPECT_FALSE(goes_on && talk());
}

}  // namespace
}  // namespace pear::http2
