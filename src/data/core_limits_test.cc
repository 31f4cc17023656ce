// How often anybody may ask, how many connections one client may have, and when a site that is
// behind takes no more.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using config::Rate;
using model::ConnectionRefusal;
using model::RequestLimit;

// So many at once, and none for a long time.
constexpr Rate only(std::uint32_t count) {
  return {.count = 1, .period = std::chrono::hours(1), .burst = count};
}

// Requests of any client, by a proxy that is trusted.
class LimitsTest : public CoreTest {
 protected:
  LimitsTest() { settings_.trusted_proxies = {*net::IpPrefix::parse("127.0.0.1")}; }

  static std::string get(std::string_view client, std::string_view path = "/site/") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {}\r\n\r\n", path, client);
  }
  // The status, as text.
  std::string ask_as(std::string_view client, std::string_view path = "/site/") {
    const std::string heard = ask(get(client, path), "\n");
    return heard.substr(std::min<std::size_t>(heard.find(' ') + 1, heard.size()), 3);
  }
  [[nodiscard]] std::uint64_t limited(RequestLimit limit) {
    return counters().rate_limited[std::to_underlying(limit)].value();
  }
  [[nodiscard]] std::uint64_t refused(ConnectionRefusal refusal) const {
    return counters_.connections_refused[std::to_underlying(refusal)].value();
  }
};

class AnsweredTest : public LimitsTest {
 protected:
  AnsweredTest() {
    engine_.serve = [](FakeGuest& guest) { return guest.answer("hello\n"); };
  }
};

TEST_F(AnsweredTest, AClientThatAsksTooOftenIsToldWhenToComeBack) {
  site_.rate_limit.per_address = {.count = 2, .period = std::chrono::minutes(1), .burst = 2};
  start();
  EXPECT_EQ(ask_as("192.0.2.1"), "200");
  EXPECT_EQ(ask_as("192.0.2.1"), "200");

  const std::string heard = ask(get("192.0.2.1"), "\n");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 429 Too Many Requests\r\n")) << heard;
  EXPECT_TRUE(heard.contains("retry-after: 30\r\n")) << heard;
  EXPECT_TRUE(heard.contains("proxy-status: pear; error=http_request_denied\r\n")) << heard;
  EXPECT_EQ(ask_as("192.0.2.2"), "200") << "others are not concerned";
  EXPECT_EQ(limited(RequestLimit::SiteAddress), 1U);
  EXPECT_EQ(counters().responses[4].value(), 1U);
}

TEST_F(AnsweredTest, TheLogNamesOneOfThemASecondAndCountsTheOthers) {
  site_.rate_limit.per_address = only(1);
  start();
  for (int i = 0; i < 5; ++i) static_cast<void>(ask_as("192.0.2.1"));

  const std::string log = logged();
  EXPECT_EQ(log.find("rate_limited"), log.rfind("rate_limited")) << log;
  EXPECT_TRUE(log.contains(R"("level":"warning","event":"rate_limited","site":"shop")")) << log;
  EXPECT_TRUE(log.contains(R"("kind":"site_address","client":"192.0.2.1","left_out":0)")) << log;
}

TEST_F(AnsweredTest, AConnectionGoesOnAfterARefusal) {
  site_.rate_limit.per_address = only(1);
  start();
  const io::UniqueFd client = connect();
  say(client, get("192.0.2.1"));
  EXPECT_TRUE(hear_body(client, "hello\n").starts_with("HTTP/1.1 200 "));
  say(client, get("192.0.2.1"));
  EXPECT_TRUE(hear_body(client, "\n").starts_with("HTTP/1.1 429 "));
  say(client, get("192.0.2.2"));
  EXPECT_TRUE(hear_body(client, "hello\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(AnsweredTest, AnIpv6ClientIsAWholeSubnet) {
  site_.rate_limit.per_address = only(1);
  start();
  EXPECT_EQ(ask_as("2001:db8:1:2::1"), "200");
  EXPECT_EQ(ask_as("2001:db8:1:2:ffff::1"), "429");
  EXPECT_EQ(ask_as("2001:db8:1:3::1"), "200");
}

TEST_F(AnsweredTest, NeighboursShareALimitOfTheirPrefix) {
  site_.rate_limit.per_prefix = only(2);
  start();
  EXPECT_EQ(ask_as("192.0.2.1"), "200");
  EXPECT_EQ(ask_as("192.0.2.2"), "200");
  EXPECT_EQ(ask_as("192.0.2.3"), "429");
  EXPECT_EQ(ask_as("192.0.3.3"), "200");
  EXPECT_EQ(ask_as("2001:db8:1:1::1"), "200");
  EXPECT_EQ(ask_as("2001:db8:1:2::1"), "200");
  EXPECT_EQ(ask_as("2001:db8:1:3::1"), "429");
  EXPECT_EQ(ask_as("2001:db8:2::1"), "200");
  EXPECT_EQ(limited(RequestLimit::SitePrefix), 2U);
}

TEST_F(AnsweredTest, PrefixesAreAsLongAsTheSettingsSay) {
  settings_.rate_limit.ipv4_prefix = 16;
  settings_.rate_limit.ipv6_prefix = 32;
  site_.rate_limit.per_prefix = only(1);
  start();
  EXPECT_EQ(ask_as("192.0.2.1"), "200");
  EXPECT_EQ(ask_as("192.0.3.1"), "429");
  EXPECT_EQ(ask_as("2001:db8:1::1"), "200");
  EXPECT_EQ(ask_as("2001:db8:2::1"), "429");
}

TEST_F(AnsweredTest, EverybodySharesTheTotalButNotOneWhoIsRefusedAnyway) {
  site_.rate_limit.per_address = only(1);
  site_.rate_limit.total = only(2);
  start();
  EXPECT_EQ(ask_as("192.0.2.1"), "200");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask_as("192.0.2.1"), "429");
  EXPECT_EQ(ask_as("192.0.2.2"), "200");
  EXPECT_EQ(ask_as("192.0.2.3"), "429");
  EXPECT_EQ(limited(RequestLimit::SiteTotal), 1U);
  EXPECT_EQ(limited(RequestLimit::SiteAddress), 5U);
}

TEST_F(AnsweredTest, ARouteHasLimitsOfItsOwn) {
  site_.routes = {{.path = "/site/...", .rate_limit = {.per_address = only(1), .total = only(2)}}};
  start();
  EXPECT_EQ(ask_as("192.0.2.1"), "200");
  EXPECT_EQ(ask_as("192.0.2.1"), "429");
  EXPECT_EQ(ask_as("192.0.2.2"), "200");
  EXPECT_EQ(ask_as("192.0.2.3"), "429");
  EXPECT_EQ(limited(RequestLimit::RouteAddress), 1U);
  EXPECT_EQ(limited(RequestLimit::RouteTotal), 1U);
}

TEST_F(AnsweredTest, ARequestThatWaitsIsCountedOnceWhateverIsPublished) {
  has_cages_ = false;
  awaits_image_ = true;
  site_.rate_limit.per_address = only(1);
  start();
  const io::UniqueFd client = connect();
  say(client, get("192.0.2.1"));

  has_cages_ = true;
  publish();
  turns(1);
  spawn();

  EXPECT_TRUE(hear_body(client, "hello\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(AnsweredTest, Http2IsLimitedAlike) {
  site_.rate_limit.per_address = only(1);
  start();
  const io::UniqueFd socket = connect();
  http2::TestClient client;
  const http2::FieldPairs fields{{":method", "GET"},
                                 {":scheme", "http"},
                                 {":authority", "a"},
                                 {":path", "/site/"},
                                 {"x-forwarded-for", "192.0.2.1"}};
  const std::int32_t first = client.request(fields);
  const std::int32_t second = client.request(fields);
  say(socket, client.take_output());
  for (int i = 0; i < 200 && !client.responses[second].closed; ++i) {
    turns(1);
    std::array<char, 65'536> buffer{};
    const io::Transfer got = io::receive(socket.get(), buffer);
    if (got.status != io::Transfer::Status::Done) continue;
    ASSERT_TRUE(client.give({buffer.data(), got.bytes}));
  }

  EXPECT_EQ(client.responses[first].field(":status"), "200");
  EXPECT_EQ(client.responses[second].field(":status"), "429");
  EXPECT_EQ(client.responses[second].field("retry-after"), "3600");
}

// ---- Connections.

class ConnectionsTest : public AnsweredTest {
 protected:
  ConnectionsTest() { settings_.trusted_proxies.clear(); }
  // Whether a request on it is answered.
  bool serves(const io::UniqueFd& client) {
    const io::Transfer sent = io::send(client.get(), std::span(kGet));
    return sent.status == io::Transfer::Status::Done &&
           hear_body(client, "hello\n").starts_with("HTTP/1.1 200 ");
  }
};

TEST_F(ConnectionsTest, OneClientHasSoManyAtATimeAndNoMore) {
  settings_.http.connections_per_address_max = 2;
  start();
  const io::UniqueFd first = connect();
  io::UniqueFd second = connect();
  EXPECT_TRUE(serves(first));
  EXPECT_TRUE(serves(second));

  EXPECT_FALSE(serves(connect()));
  EXPECT_EQ(refused(ConnectionRefusal::TooMany), 1U);

  second.reset();
  turns(3);
  EXPECT_TRUE(serves(connect()));
  EXPECT_TRUE(logged().contains(R"("kind":"too_many","client":"127.0.0.1","left_out":0)"));
}

TEST_F(ConnectionsTest, AnyNumberIsPossible) {
  settings_.http.connections_per_address_max = 0;
  start();
  std::vector<io::UniqueFd> clients(40);
  for (io::UniqueFd& client : clients) client = connect();

  EXPECT_TRUE(serves(clients.back()));
}

TEST_F(ConnectionsTest, AConnectionThatBecomesHttp2IsStillOne) {
  settings_.http.connections_per_address_max = 1;
  start();
  io::UniqueFd socket = connect();
  http2::TestClient client;
  say(socket, client.take_output());
  turns(2);

  EXPECT_FALSE(serves(connect()));
  socket.reset();
  turns(3);
  EXPECT_TRUE(serves(connect()));
}

TEST_F(ConnectionsTest, OneClientOpensThemAtARate) {
  settings_.rate_limit.connections_per_address = only(3);
  start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(serves(connect()));

  EXPECT_FALSE(serves(connect()));
  EXPECT_EQ(refused(ConnectionRefusal::Rate), 1U);
}

TEST_F(ConnectionsTest, TrustedProxiesAreNotLimited) {
  settings_.trusted_proxies = {*net::IpPrefix::parse("127.0.0.1")};
  settings_.rate_limit.connections_per_address = only(1);
  settings_.http.connections_per_address_max = 1;
  start();
  const io::UniqueFd first = connect();

  EXPECT_TRUE(serves(connect()));
  EXPECT_TRUE(serves(first));
}

TEST_F(ConnectionsTest, WhomAProxyHeaderNamesIsLimitedAndNotTheProxy) {
  settings_.proxy_protocol = {*net::IpPrefix::parse("127.0.0.1")};
  settings_.http.connections_per_address_max = 1;
  start();
  const auto connect_as = [&](std::string_view header) {
    io::UniqueFd client = connect();
    say(client, header);
    turns(2);
    return client;
  };
  const io::UniqueFd first = connect_as("PROXY TCP4 192.0.2.1 192.0.2.9 1 80\r\n");

  EXPECT_FALSE(serves(connect_as("PROXY TCP4 192.0.2.1 192.0.2.9 2 80\r\n")));
  EXPECT_TRUE(serves(connect_as("PROXY TCP4 192.0.2.2 192.0.2.9 2 80\r\n")));
  const io::UniqueFd nobody = connect_as("PROXY UNKNOWN\r\n");
  EXPECT_TRUE(serves(connect_as("PROXY UNKNOWN\r\n")));
  EXPECT_TRUE(serves(first));
}

// ---- Shedding.

// A guest that keeps the CPU busy: each slice is as long as a turn.
class SheddingTest : public LimitsTest {
 protected:
  SheddingTest() {
    site_.limits.cpu = std::chrono::hours(1);
    site_.limits.head_timeout = std::chrono::hours(1);
    engine_.serve = [this](FakeGuest& guest) {
      if (idle_) return guest.answer("hello\n");
      return guest.yielded(std::chrono::milliseconds(1));
    };
  }

  bool idle_ = false;
};

TEST_F(SheddingTest, ASiteWhoseRequestsWaitTooLongTakesNoMore) {
  site_.limits.shed_after = std::chrono::milliseconds(1);
  start();
  // The oldest that waits for its first slice says since when.
  counters().waits_since_ns.set(static_cast<std::uint64_t>(
      (reactor_->now() - std::chrono::milliseconds(2)).time_since_epoch().count()));

  const std::string heard = ask(get("192.0.2.1"), "\n");

  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503 ")) << heard;
  EXPECT_TRUE(heard.contains("retry-after: 1\r\n")) << heard;
  EXPECT_EQ(counters().shed.value(), 1U);
  EXPECT_TRUE(logged().contains(R"("event":"shed","site":"shop")"));
}

TEST_F(SheddingTest, NothingIsShedWhereThatIsOff) {
  site_.limits.shed_after = std::chrono::milliseconds(0);
  idle_ = true;
  start();
  counters().waits_since_ns.set(1);

  EXPECT_EQ(ask_as("192.0.2.1"), "200");
}

TEST_F(SheddingTest, ARequestWaitsFromItsComingToItsFirstSlice) {
  start();
  EXPECT_EQ(counters().waits_since_ns.value(), 0U);
  const io::UniqueFd busy = connect();
  say(busy, get("192.0.2.1"));
  turns(2);
  EXPECT_EQ(counters().waits_since_ns.value(), 0U) << "it has had a slice";

  // Two that come in one turn: one slice of a millisecond is all that fits into it.
  const io::UniqueFd first = connect();
  const io::UniqueFd second = connect();
  const std::string request = get("192.0.2.1");
  static_cast<void>(io::send(first.get(), std::span<const char>(request)));
  static_cast<void>(io::send(second.get(), std::span<const char>(request)));
  std::vector<std::uint64_t> since;
  for (int i = 0; i < 20; ++i) {
    turns(1);
    since.push_back(counters().waits_since_ns.value());
  }

  EXPECT_TRUE(std::ranges::any_of(since, [](std::uint64_t ns) { return ns != 0; }));
  EXPECT_EQ(since.back(), 0U);
}

TEST_F(SheddingTest, ARequestThatGoesAwayBeforeItsFirstSliceDoesNotWait) {
  start();
  const io::UniqueFd busy = connect();
  say(busy, get("192.0.2.1"));
  {
    const io::UniqueFd gone = connect();
    const std::string request = get("192.0.2.1");
    static_cast<void>(io::send(gone.get(), std::span<const char>(request)));
    io::reset_on_close(gone.get());
  }
  turns(20);

  EXPECT_EQ(counters().waits_since_ns.value(), 0U);
}

}  // namespace
}  // namespace pear::data
