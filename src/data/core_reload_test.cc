// Settings of the server that change while a core runs.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "config/changed_value.h"
#include "config/reload.h"
#include "data/three_protocols.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

class ReloadTest : public ThreeProtocolsTest {
 protected:
  ReloadTest() {
    engine_.serve = [this](FakeGuest& guest) {
      client_.clear();
      for (const http::Field& field : guest.request.fields) {
        if (field.name == "x-forwarded-for") client_ = field.value;
      }
      return guest.answer("hello");
    };
  }
  // The server is read again with what `settings_` has become.
  void reload() {
    const auto wanted = config::reload_server(core_->settings(), settings_);
    send(ApplySettings{std::make_shared<const config::ServerSettings>(wanted.settings)});
    turns(2);
  }
  std::string status(By by, const Asked& asked = {}) { return ask(by, asked).status; }

  std::string client_;
};

TEST_F(ReloadTest, EachKeyThatCanBeReloadedArrivesInTheCore) {
  start_quic();
  const config::ServerSettings before = settings_;
  config::SiteSettings no_site;
  for (const config::Key& key : config::keys_of(config::Scope::Server)) {
    if (key.reload != config::Reload::AtOnce) continue;
    settings_ = before;
    ASSERT_EQ(config::change(key, {settings_, no_site}), "") << key.path;
    const std::string wanted = to_toml(get(key, {settings_, no_site}));
    reload();
    config::ServerSettings now = core_->settings();
    EXPECT_EQ(to_toml(get(key, {now, no_site})), wanted) << key.path;
  }
  settings_ = before;
  reload();
  EXPECT_EQ(status(By::Http1), "200");
}

TEST_F(ReloadTest, LimitsOfHeadsHoldForTheNextRequest) {
  start_quic();
  const Asked many{.fields = {{"a", "1"}, {"b", "2"}, {"c", "3"}}};
  const Asked large{.fields = {{"a", std::string(2'000, 'x')}}};
  const Asked path{.path = "/site/" + std::string(300, 'x')};
  for (const By by : kProtocols) {
    for (const Asked& asked : {many, large, path}) EXPECT_EQ(status(by, asked), "200");
  }
  settings_.http.fields_max = 2;
  settings_.http.header_max = 1_KiB;
  settings_.http.request_line_max = Bytes{256};
  reload();
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, many), "431") << name_of(by);
    EXPECT_EQ(status(by, large), "431") << name_of(by);
    EXPECT_EQ(status(by, path), "414") << name_of(by);
  }
  settings_.http.fields_max = 100;
  settings_.http.header_max = 128_KiB;
  settings_.http.request_line_max = 8_KiB;
  reload();
  for (const By by : kProtocols) {
    for (const Asked& asked : {many, large, path}) EXPECT_EQ(status(by, asked), "200");
  }
  EXPECT_EQ(status(By::Http1, {.fields = {{"a", std::string(100'000, 'x')}}}), "200");
}

TEST_F(ReloadTest, AConnectionThatIsOpenGoesByTheNewLimitsToo) {
  start_quic();
  const io::UniqueFd client = connect();
  say(client, kGet);
  EXPECT_TRUE(hear_body(client, "hello").contains(" 200 OK"));

  settings_.http.header_max = 1_KiB;
  settings_.http.requests_per_connection_max = 2;
  reload();

  say(client, kGet);
  EXPECT_TRUE(hear_body(client, "hello<end>").contains("connection: close"));
}

TEST_F(ReloadTest, WhatAHeadKeptUnderLargerLimitsStillFits) {
  settings_.http.header_max = 256_KiB;
  start_quic();
  const io::UniqueFd client = connect();
  say(client, "GET /site/ HTTP/1.1\r\nHost: a\r\nX: " + std::string(150'000, 'x'));
  settings_.http.header_max = 1_KiB;
  reload();
  say(client, "\r\n\r\n");
  EXPECT_TRUE(hear_body(client, "hello").contains(" 200 OK"))
      << "its limits were those of its start";
  EXPECT_EQ(status(By::Http1, {.fields = {{"a", std::string(2'000, 'x')}}}), "431");
}

TEST_F(ReloadTest, BodiesAreMeasuredByTheNewLimit) {
  start_quic();
  const auto post = [&](std::size_t bytes) {
    const io::UniqueFd client = connect();
    say(client, "POST /site/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x'));
    return hear(client, [](const std::string&) { return false; }).substr(9, 3);
  };
  EXPECT_EQ(post(5'000), "200");
  settings_.http.body_max = 4_KiB;
  reload();
  EXPECT_EQ(post(5'000), "413");
}

TEST_F(ReloadTest, ProxiesAreTrustedFromNowOn) {
  start_quic();
  const Asked asked{.fields = {{"x-forwarded-for", "192.0.2.1"}}};
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, asked), "200");
    EXPECT_EQ(client_, "127.0.0.1") << name_of(by);
  }
  settings_.trusted_proxies = {*net::IpPrefix::parse("127.0.0.0/8")};
  reload();
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, asked), "200");
    EXPECT_EQ(client_, "192.0.2.1, 127.0.0.1") << name_of(by);
  }
  settings_.proxy_protocol = {*net::IpPrefix::parse("127.0.0.0/8")};
  reload();
  EXPECT_NE(status(By::Http1, asked), "200") << "now a header of the PROXY protocol comes first";
}

TEST_F(ReloadTest, RatesOfConnectionsHoldAndEnd) {
  start_quic();
  EXPECT_EQ(status(By::Http1), "200");
  settings_.rate_limit.connections_per_address = {
      .count = 1, .period = std::chrono::hours(1), .burst = 1};
  reload();
  EXPECT_EQ(status(By::Http1), "200");
  const io::UniqueFd refused = connect();
  EXPECT_EQ(hear(refused, [](const std::string&) { return false; }), "<reset>");
  settings_.rate_limit.connections_per_address = {};
  reload();
  EXPECT_EQ(status(By::Http1), "200");
}

TEST_F(ReloadTest, RequestsAreLoggedFromNowOn) {
  start_quic();
  EXPECT_EQ(status(By::Http1, {.path = "/site/before"}), "200");
  settings_.log.access = true;
  reload();
  EXPECT_EQ(status(By::Http1, {.path = "/site/after"}), "200");
  const std::string text = logged();
  EXPECT_FALSE(text.contains("/site/before"));
  EXPECT_TRUE(text.contains("/site/after"));
}

TEST_F(ReloadTest, ConnectionsToComeAreGrantedWhatTheSettingsSay) {
  start_quic();
  settings_.http3.streams_max = 7;
  settings_.http2.enabled = false;
  reload();
  EXPECT_EQ(status(By::Http3), "200");
  EXPECT_EQ(status(By::Http2), "closed");
  settings_.http2.enabled = true;
  reload();
  EXPECT_EQ(status(By::Http2), "200");
}

}  // namespace
}  // namespace pear::data
