#include "control/admin/admin_server.h"

#include <string>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "control/admin/admin_connection.h"
#include "control/admin/fake_admin_source.h"
#include "io/socket.h"

namespace pear::admin {
namespace {

class AdminServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listener = io::open_listener(io::SocketAddress::parse("127.0.0.1", 0).value(), {});
    ASSERT_TRUE(listener);
    server_ = std::make_unique<AdminServer>(*reactor_, std::move(*listener), "127.0.0.1", source_);
    ASSERT_TRUE(server_->start());
    source_.start_all();
  }

  io::UniqueFd connect() {
    const auto address = server_->address().value();
    io::UniqueFd client(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), address.system(), address.system_size()), 0);
    return client;
  }
  static void put(const io::UniqueFd& client, std::string_view text) {
    EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // What comes until `end` does, or the server closes.
  std::string get(const io::UniqueFd& client, std::string_view end) {
    std::string text;
    for (int i = 0; i < 100'000 && !text.ends_with(end); ++i) {
      reactor_->turn(io::Reactor::Wait::No);
      std::array<char, 4096> piece{};
      const ssize_t size = ::recv(client.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (size == 0) return text + "<closed>";
      if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  FakeAdminSource source_;
  std::unique_ptr<io::Reactor> reactor_ = std::move(io::Reactor::open()).value();
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, AnswersSeveralRequestsOnOneConnection) {
  const io::UniqueFd client = connect();

  for (int i = 0; i < 3; ++i) {
    put(client, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = get(client, "live\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nlive\n")) << answer;
  }
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(AdminServerTest, AnswersPipelinedRequestsInTheirOrder) {
  const io::UniqueFd client = connect();

  put(client,
      "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = get(client, "<closed>");

  EXPECT_LT(answers.find("200 OK"), answers.find("404 Not Found"));
  EXPECT_TRUE(answers.ends_with("<closed>"));
}

TEST_F(AdminServerTest, TakesARequestByteByByte) {
  const io::UniqueFd client = connect();

  for (const char byte : std::string_view("HEAD /status HTTP/1.1\r\nHost: [::1]\r\n\r\n")) {
    put(client, {&byte, 1});
    reactor_->turn(io::Reactor::Wait::No);
  }
  const std::string answer = get(client, "\r\n\r\n");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(AdminServerTest, RestartsASiteAndIgnoresTheBody) {
  const io::UniqueFd client = connect();

  put(client,
      "POST /sites/shop/restart HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel");
  reactor_->turn(io::Reactor::Wait::No);
  EXPECT_TRUE(source_.restarted.empty());
  put(client, "lo");
  const std::string answer = get(client, "shows them\n");

  EXPECT_TRUE(answer.starts_with("HTTP/1.1 202 ")) << answer;
  EXPECT_EQ(source_.restarted, std::vector<std::string>{"shop"});
}

TEST_F(AdminServerTest, RefusesWhatItMustNotObey) {
  const auto answer_to = [&](std::string_view request) {
    const io::UniqueFd client = connect();
    put(client, request);
    return get(client, "\n").substr(9, 3);
  };

  EXPECT_EQ(answer_to("GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "421");
  EXPECT_EQ(answer_to("POST /sites/shop/restart HTTP/1.1\r\nHost: localhost\r\n"
                      "Origin: http://evil.example\r\nContent-Length: 0\r\n\r\n"),
            "403");
  EXPECT_EQ(answer_to("GET /sites/shop/restart HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405");
  EXPECT_EQ(answer_to("POST /sites/other/restart HTTP/1.1\r\nHost: localhost\r\n\r\n"), "404");
  EXPECT_EQ(answer_to("POST /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"), "405");
  EXPECT_EQ(answer_to("GARBAGE\r\n\r\n"), "400");
  EXPECT_EQ(source_.restarted, std::vector<std::string>{"other"});
}

TEST_F(AdminServerTest, HoldsItsLimitsOnHeadAndBody) {
  const auto answer_to = [&](const std::string& request) {
    const io::UniqueFd client = connect();
    put(client, request);
    return get(client, "\n").substr(9, 3);
  };
  const std::string start = "GET /livez HTTP/1.1\r\nHost: localhost\r\n";

  EXPECT_EQ(answer_to(start + "X: " + std::string(7'000, 'x') + "\r\n\r\n"), "200");
  EXPECT_EQ(answer_to(start + "X: " + std::string(9'000, 'x') + "\r\n\r\n"), "431");
  EXPECT_EQ(answer_to(start + "Content-Length: 4096\r\n\r\n" + std::string(4'096, 'x')), "200");
  EXPECT_EQ(answer_to(start + "Content-Length: 4097\r\n\r\n"), "413");
}

TEST_F(AdminServerTest, ClosesConnectionsBeyondItsBound) {
  std::vector<io::UniqueFd> clients;
  for (std::size_t i = 0; i <= AdminServer::kConnectionsMax; ++i) clients.push_back(connect());

  EXPECT_EQ(get(clients.back(), "<closed>"), "<closed>");
  EXPECT_EQ(server_->connections(), AdminServer::kConnectionsMax);
}

TEST_F(AdminServerTest, ForgetsAClientThatGoesAway) {
  {
    const io::UniqueFd client = connect();
  }
  for (int i = 0; i < 10; ++i) reactor_->turn(io::Reactor::Wait::No);

  EXPECT_EQ(server_->connections(), 0U);
}

}  // namespace
}  // namespace pear::admin
