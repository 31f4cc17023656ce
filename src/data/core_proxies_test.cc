// Whom a request is from: headers of the PROXY protocol, fields of trusted proxies, and those of
// anybody else.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

constexpr std::string_view kText = "PROXY TCP4 192.0.2.7 198.51.100.1 40000 80\r\n";

std::string binary(std::string_view rest, char command = '\x21', char family = '\x11') {
  return std::string("\r\n\r\n\0\r\nQUIT\n", 12) + command + family + '\0' +
         static_cast<char>(rest.size()) + std::string(rest);
}
constexpr std::string_view kIpv4{"\xC0\x00\x02\x08\xC6\x33\x64\x01\x9C\x40\x01\xBB", 12};

// Its guests say which way the request came.
class ProxiesTest : public CoreTest {
 protected:
  ProxiesTest() {
    settings_.log.access = true;
    engine_.serve = [](FakeGuest& guest) {
      std::string way(guest.request.scheme);
      for (const http::Field& field : guest.request.fields) {
        if (field.name == "host" || field.name == "content-length") continue;
        way += " " + std::string(field.name) + "=" + std::string(field.value);
      }
      return guest.answer(way + "|");
    };
  }
  static std::vector<net::IpPrefix> here() { return {*net::IpPrefix::parse("127.0.0.0/8")}; }
  static std::string body_of(const std::string& heard) {
    return heard.substr(std::min(heard.find("\r\n\r\n") + 4, heard.size()));
  }
  static std::string get(std::string_view fields = "") {
    return "GET /site/ HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
  }
  std::string way_of(std::string_view bytes) { return body_of(ask(bytes, "|")); }
};

class ProxyHeaderTest : public ProxiesTest {
 protected:
  ProxyHeaderTest() { settings_.proxy_protocol = here(); }
};

TEST_F(ProxyHeaderTest, NamesTheClientForTheGuestAndTheLog) {
  start();

  EXPECT_EQ(way_of(std::string(kText) + get()),
            "http x-forwarded-for=192.0.2.7 x-forwarded-proto=http|");
  EXPECT_EQ(way_of(binary(kIpv4) + get()),
            "http x-forwarded-for=192.0.2.8 x-forwarded-proto=http|");

  const std::string log = logged();
  EXPECT_TRUE(log.contains("\"client\":\"192.0.2.7\"")) << log;
  EXPECT_TRUE(log.contains("\"client\":\"192.0.2.8\"")) << log;
}

TEST_F(ProxyHeaderTest, MayComeByteByByte) {
  start();
  const io::UniqueFd client = connect();
  for (const std::string& header : {binary(std::string(kIpv4) + "tlvs")}) {
    for (const char byte : header + get()) say(client, {&byte, 1});
  }

  EXPECT_EQ(body_of(hear_body(client, "|")),
            "http x-forwarded-for=192.0.2.8 x-forwarded-proto=http|");
}

TEST_F(ProxyHeaderTest, LetsTheProxySpeakForItself) {
  start();

  EXPECT_EQ(way_of(binary("", '\x20', '\0') + get()),
            "http x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
  EXPECT_EQ(way_of("PROXY UNKNOWN\r\n" + get()),
            "http x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
}

TEST_F(ProxyHeaderTest, ComesBeforeHttp2Too) {
  start();
  const io::UniqueFd socket = connect();
  http2::TestClient client;
  const std::int32_t stream = client.request(
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/site/"}});
  say(socket, std::string(kText) + client.take_output());
  for (int i = 0; i < 200 && !client.responses[stream].closed; ++i) {
    turns(1);
    std::array<char, 65'536> buffer{};
    const io::Transfer got = io::receive(socket.get(), buffer);
    if (got.status == io::Transfer::Status::Done) {
      ASSERT_TRUE(client.give({buffer.data(), got.bytes}));
    }
  }

  EXPECT_EQ(client.responses[stream].body,
            "http x-forwarded-for=192.0.2.7 x-forwarded-proto=http|");
}

TEST_F(ProxyHeaderTest, IsDemandedOfTheProxy) {
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(get(), "|"), "<reset>");

  EXPECT_EQ(counters_.connections_refused[3].value(), 3U);
  const std::string log = logged();
  EXPECT_TRUE(log.contains(R"("event":"connection_refused")")) << log;
  EXPECT_TRUE(log.contains(R"("kind":"proxy_header","client":"127.0.0.1","left_out":0)")) << log;
  EXPECT_EQ(log.find("connection_refused"), log.rfind("connection_refused")) << "once a second";
}

TEST_F(ProxyHeaderTest, IsNoHeaderFromAnybodyElse) {
  settings_.proxy_protocol = {*net::IpPrefix::parse("10.0.0.0/8")};
  start();

  EXPECT_EQ(ask(std::string(kText) + get(), "|"), "<end>");
  EXPECT_EQ(counters_.protocol_errors.value(), 1U);
  EXPECT_EQ(way_of(get()), "http x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
}

TEST_F(ProxyHeaderTest, IsNotWaitedForForLong) {
  start();
  const io::UniqueFd silent = connect();
  reactor_->timers().advance(reactor_->now() + std::chrono::milliseconds(4'900));
  turns(2);
  EXPECT_EQ(counters_.timeouts.value(), 0U);

  reactor_->timers().advance(reactor_->now() + std::chrono::milliseconds(5'100));

  EXPECT_EQ(hear(silent, [](const std::string&) { return false; }), "<end>");
  EXPECT_EQ(counters_.timeouts.value(), 1U);
}

TEST_F(ProxyHeaderTest, IsNotCountedWhereAProxyOnlyLooksWhetherSomebodyListens) {
  start();
  {
    const io::UniqueFd client = connect();
    say(client, "PROXY");
  }
  turns(3);

  EXPECT_EQ(counters_.connections_refused[3].value(), 0U);
  EXPECT_EQ(counters_.timeouts.value(), 0U);
}

TEST_F(ProxyHeaderTest, IsNotWaitedForInADrainButAMoment) {
  start();
  const io::UniqueFd silent = connect();
  send(DrainCore{.deadline = reactor_->now() + std::chrono::seconds(30)});
  turns(1);
  EXPECT_TRUE(take_events<CoreDrained>().empty());

  reactor_->timers().advance(reactor_->now() + std::chrono::seconds(1));
  turns(2);

  EXPECT_EQ(take_events<CoreDrained>().size(), 1U);
}

// The proxy in front of all: the header says who connected to it, the fields who asked before that.
TEST_F(ProxyHeaderTest, NamesWhomTheFieldsAreBelievedFrom) {
  settings_.trusted_proxies = {*net::IpPrefix::parse("192.0.2.7")};
  start();

  EXPECT_EQ(way_of(std::string(kText) + get("X-Forwarded-For: 203.0.113.5\r\n")),
            "http x-forwarded-for=203.0.113.5, 192.0.2.7 x-forwarded-proto=http|");
  EXPECT_EQ(way_of(binary(kIpv4) + get("X-Forwarded-For: 203.0.113.5\r\n")),
            "http x-forwarded-for=192.0.2.8 x-forwarded-proto=http|");
}

TEST_F(ProxiesTest, RemovesWhatAnybodySaysOfTheWay) {
  start();

  EXPECT_EQ(way_of(get("X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6;proto=https\r\n"
                       "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
                       "X-Real-IP: 6.6.6.6\r\nVia: 1.1 x\r\n")),
            "http via=1.1 x x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
  EXPECT_TRUE(logged().contains("\"client\":\"127.0.0.1\""));
}

class TrustedProxyTest : public ProxiesTest {
 protected:
  TrustedProxyTest() { settings_.trusted_proxies = here(); }
};

TEST_F(TrustedProxyTest, NamesTheClientAndItsScheme) {
  start();

  EXPECT_EQ(way_of(get("X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n"
                       "X-Forwarded-Host: shop\r\n")),
            "https x-forwarded-host=shop x-forwarded-for=6.6.6.6, 192.0.2.1, 127.0.0.1 "
            "x-forwarded-proto=https|");
  EXPECT_TRUE(logged().contains("\"client\":\"192.0.2.1\""));
}

TEST_F(TrustedProxyTest, MayNameTheClientInTheFieldOfTheStandard) {
  start();

  EXPECT_EQ(way_of(get("Forwarded: for=\"[2001:db8::1]:80\";proto=https\r\n")),
            "https forwarded=for=\"[2001:db8::1]:80\";proto=https "
            "x-forwarded-for=2001:db8::1, 127.0.0.1 x-forwarded-proto=https|");
  EXPECT_TRUE(logged().contains("\"client\":\"2001:db8::1\""));
}

TEST_F(TrustedProxyTest, IsTheClientWhereItNamesNobody) {
  start();

  EXPECT_EQ(way_of(get()), "http x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
}

TEST_F(TrustedProxyTest, JoinsListsThatAreSpreadOverFields) {
  start();

  EXPECT_EQ(way_of(get("X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For:\r\n"
                       "X-Forwarded-For: 192.0.2.1\r\n")),
            "http x-forwarded-for=192.0.2.9, 192.0.2.1, 127.0.0.1 x-forwarded-proto=http|");
}

TEST_F(TrustedProxyTest, HandsOnOnlyTheListThatIsBelieved) {
  settings_.forwarded_field = config::ForwardedField::Forwarded;
  start();

  EXPECT_EQ(way_of(get("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
                       "Forwarded: for=192.0.2.1\r\n")),
            "http forwarded=for=192.0.2.1 x-forwarded-for=192.0.2.1, 127.0.0.1 "
            "x-forwarded-proto=http|");
}

TEST_F(TrustedProxyTest, BelievesNeitherListWhereTheyDisagree) {
  start();

  EXPECT_EQ(way_of(get("X-Forwarded-For: 192.0.2.1\r\nForwarded: for=6.6.6.6;proto=https\r\n")),
            "http x-forwarded-for=127.0.0.1 x-forwarded-proto=http|");
}

TEST_F(TrustedProxyTest, SaysWhetherARequestCameByTls) {
  site_.https.redirect = true;
  settings_.https = {{"127.0.0.1", 443}};
  start();

  EXPECT_TRUE(ask(get(), "\r\n\r\n").starts_with("HTTP/1.1 308 "));
  EXPECT_TRUE(ask(get("X-Forwarded-Proto: https\r\n"), "|").starts_with("HTTP/1.1 200 "));
}

TEST_F(TrustedProxyTest, CannotSpeakForACertificateThatNobodyHasSeen) {
  site_.https.client_certificates = config::ClientCheck::Require;
  settings_.https = {{"127.0.0.1", 443}};
  start();

  EXPECT_TRUE(ask(get("X-Forwarded-Proto: https\r\n"), "\n\n").starts_with("HTTP/1.1 421 "));
  EXPECT_EQ(table_->sites[0]->cages[0].counters->served.value(), 0U);
}

}  // namespace
}  // namespace pear::data
