// Connections where there is hardly room for more: idle ones go, the longest idle first.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

class CrowdTest : public CoreTest {
 protected:
  CrowdTest() { settings_.http.connections_max = 16; }
  // One that has been served, and rests.
  io::UniqueFd idle() {
    io::UniqueFd client = connect();
    say(client, kGet);
    EXPECT_TRUE(hear_body(client, "hello").contains("200 OK"));
    return client;
  }
  // Turns until the server has closed it; it says nothing more.
  bool ends(const io::UniqueFd& client) {
    std::array<char, 4'096> buffer{};
    for (int i = 0; i < 2'000'000; ++i) {
      turns(1);
      const io::Transfer got = io::receive(client.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) return true;
      if (got.status != io::Transfer::Status::WouldBlock) return false;
    }
    return false;
  }
  bool serves(const io::UniqueFd& client) {
    say(client, kGet);
    return hear_body(client, "hello").contains("200 OK");
  }
};

TEST_F(CrowdTest, TheLongestIdleMakeRoomForOthers) {
  start();
  std::vector<io::UniqueFd> clients;
  for (int i = 0; i < 14; ++i) clients.push_back(idle());
  // The first is the one that rests for the shortest time now.
  EXPECT_TRUE(serves(clients[0]));
  turns(10);
  EXPECT_EQ(counters_.connections_retired.value(), 0U);

  clients.push_back(idle());

  EXPECT_TRUE(ends(clients[1]));
  EXPECT_TRUE(ends(clients[2]));
  EXPECT_TRUE(serves(clients[3]));
  EXPECT_TRUE(serves(clients[0]));
  EXPECT_EQ(counters_.connections_retired.value(), 2U);
  const std::string text = logged();
  EXPECT_TRUE(text.contains("connections_crowded")) << text;
  EXPECT_EQ(text.find("connections_crowded"), text.rfind("connections_crowded"));
}

TEST_F(CrowdTest, TheLimitIsThatOfAllCoresTogether) {
  start();
  static_cast<void>(limits_->total.bring(0, 15));  // Of another core, all at work.
  const io::UniqueFd first = idle();
  EXPECT_EQ(counters_.accept_paused.value(), 1U);
  io::UniqueFd waits = *io::start_connect(address_);
  // The one that rests here goes, and who knocks has its place.
  EXPECT_TRUE(ends(first));
  say(waits, kGet);
  std::string heard;
  for (int i = 0; i < 2'000 && heard.empty(); ++i) heard = hear_body(waits, "hello");
  EXPECT_TRUE(heard.contains("200 OK"));
}

TEST_F(CrowdTest, WhatIsAtWorkIsLeftAlone) {
  engine_.serve = [](cage::FakeGuest& guest) { return guest.pending(); };
  start();
  std::vector<io::UniqueFd> clients;
  for (int i = 0; i < 14; ++i) {
    clients.push_back(connect());
    say(clients.back(), kGet);
  }
  turns(50);
  static_cast<void>(limits_->total.bring(0, 1));  // Of another core.
  turns(50);
  EXPECT_EQ(counters_.connections_retired.value(), 0U);
  EXPECT_EQ(counters_.connections_open.value(), 14U);
}

TEST_F(CrowdTest, Http2IsToldThatItsConnectionGoes) {
  start();
  const io::UniqueFd socket = connect();
  http2::TestClient client;
  const std::int32_t stream = client.request(
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/site/"}});
  std::array<char, 65'536> buffer{};
  const auto talk = [&](auto done) {
    for (int i = 0; i < 2'000'000 && !done(); ++i) {
      if (const std::string out = client.take_output(); !out.empty()) say(socket, out);
      turns(1);
      const io::Transfer got = io::receive(socket.get(), buffer);
      if (got.status == io::Transfer::Status::Ended) return true;
      if (got.status == io::Transfer::Status::Done) {
        EXPECT_TRUE(client.give({buffer.data(), got.bytes}));
      }
    }
    return false;
  };
  talk([&] { return client.responses[stream].closed; });
  EXPECT_EQ(client.responses[stream].body, "hello");

  static_cast<void>(limits_->total.bring(0, 15));
  EXPECT_TRUE(talk([] { return false; })) << "it is closed in the end";
  EXPECT_EQ(counters_.connections_retired.value(), 1U);
}

}  // namespace
}  // namespace pear::data
