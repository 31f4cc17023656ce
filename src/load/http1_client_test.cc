#include "load/http1_client.h"

#include <gtest/gtest.h>

namespace pear::load {
namespace {

using Received = ClientProtocol::Received;

enum class Kind : std::uint8_t { None, Done, Broken };

struct Heard {
  Kind end = Kind::None;
  std::uint16_t status = 0;
  bool reusable = false;
  std::string body;
};

class Owner final : public http::RequestOwner {
 public:
  void on_body(http::RequestTag, std::string_view piece) override { heard.body += piece; }
  void on_end(http::RequestTag, http::RequestEnd, std::uint16_t status) override {
    heard.end = Kind::Done;
    heard.status = status;
  }

  Heard heard;
};

// Feeds the answer in pieces of at most `cut` bytes, as a connection does.
Heard receive_all(std::string_view answer, std::size_t cut,
                  http::Method method = http::Method::Get) {
  Owner owner;
  Http1Client client(owner);
  const PreparedRequest request{.bytes = "x", .method = method};
  EXPECT_TRUE(client.request(0, request));
  client.drop(1);
  while (!answer.empty()) {
    std::string piece(answer.substr(0, cut));
    answer.remove_prefix(piece.size());
    if (client.receive(piece) == Received::Broken) {
      owner.heard.end = Kind::Broken;
      return owner.heard;
    }
  }
  owner.heard.reusable = client.requests_max() == 1;
  if (owner.heard.end == Kind::None) {
    client.receive_end();
    owner.heard.reusable = client.requests_max() == 1;
  }
  if (owner.heard.end == Kind::None) owner.heard.end = Kind::Broken;
  return owner.heard;
}

class Http1ClientCut : public testing::TestWithParam<std::size_t> {};

TEST_P(Http1ClientCut, ReadsABodyOfKnownLength) {
  const auto got = receive_all("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", GetParam());

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello");
  EXPECT_TRUE(got.reusable);
}

TEST_P(Http1ClientCut, ReadsChunksAndTrailers) {
  const auto got = receive_all(
      "HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx: "
      "y\r\n\r\n",
      GetParam());

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body, "abcde");
  EXPECT_TRUE(got.reusable);
}

TEST_P(Http1ClientCut, ReadsABodyThatEndsWithItsConnection) {
  const auto got = receive_all("HTTP/1.1 200 OK\r\n\r\nabc", GetParam());

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_EQ(got.body, "abc");
  EXPECT_FALSE(got.reusable);
}

TEST_P(Http1ClientCut, SkipsInterimAnswers) {
  const auto got = receive_all(
      "HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", GetParam());

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_EQ(got.status, 204);
}

TEST_P(Http1ClientCut, TellsAnAnswerThatWasCutFromOneThatEnded) {
  EXPECT_EQ(receive_all("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", GetParam()).end,
            Kind::Broken);
  EXPECT_EQ(receive_all("HTTP/1.1 200 OK\r\ncontent-le", GetParam()).end, Kind::Broken);
}

INSTANTIATE_TEST_SUITE_P(Cuts, Http1ClientCut, testing::Values(1, 2, 3, 7, 1000));

TEST(Http1Client, ExpectsNoBodyOfAnAnswerToHead) {
  const auto got =
      receive_all("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 1000, http::Method::Head);

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_EQ(got.body, "");
}

TEST(Http1Client, BelievesAServerThatWantsToClose) {
  const auto got =
      receive_all("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\na", 1000);

  EXPECT_EQ(got.end, Kind::Done);
  EXPECT_FALSE(got.reusable);
}

TEST(Http1Client, IsBrokenByWhatIsNoAnswer) {
  EXPECT_EQ(receive_all("SSH-2.0-OpenSSH\r\n\r\n", 1000).end, Kind::Broken);
  EXPECT_EQ(receive_all("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 1000).end,
            Kind::Broken);
}

TEST(Http1Client, IsBrokenByBytesThatNobodyAskedFor) {
  Owner owner;
  Http1Client client(owner);
  std::string bytes = "HTTP/1.1 200 OK\r\n\r\n";

  EXPECT_EQ(client.receive(bytes), Received::Broken);
}

}  // namespace
}  // namespace pear::load
