// The rule book through a whole core, by all three protocols: which fields reach a guest, which
// reach a client, and what a response may have at all.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/three_protocols.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

struct GuestResponse {
  std::uint16_t status = 200;
  std::vector<http::Field> fields = {};
  std::string_view body = {};
  std::vector<http::Field> trailers = {};
};

class RulesTest : public ThreeProtocolsTest {
 protected:
  RulesTest() {
    // Its guests answer what the test says, and keep what they were asked.
    engine_.serve = [this](FakeGuest& guest) {
      seen_.clear();
      path_ = guest.request.path_with_query;
      for (const http::Field& field : guest.request.fields) {
        if (field.name.starts_with("x-forwarded-") && field.value != "6.6.6.6") continue;
        seen_.emplace_back(field.name, field.value);
      }
      static_cast<void>(guest.host.respond(response_.status, response_.fields));
      guest.host.write_body(response_.body);
      guest.host.finish_body(response_.trailers);
      return guest.idle();
    };
  }

  GuestResponse response_{.body = "hello"};
  Pairs seen_;  // Without what Pear writes about the way of every request.
  std::string path_;
};

TEST_F(RulesTest, AResponseHasTheContentThatItsStatusAllows) {
  struct Row {
    std::string_view method;
    GuestResponse guest;
    std::string_view length;  // "(none)": the head has none.
    std::string_view body;
  };
  const std::vector<http::Field> five{{"content-length", "5"}};
  const std::vector<Row> rows{
      {"GET", {.fields = five, .body = "hello"}, "5", "hello"},
      {"GET", {.body = "hello"}, "5", "hello"},
      {"GET", {.status = 204, .fields = five}, "(none)", ""},
      {"GET", {.status = 204, .fields = five, .body = "hello"}, "(none)", ""},
      {"GET", {.status = 204, .body = "hello"}, "(none)", ""},
      {"GET", {.status = 205, .fields = five, .body = "hello"}, "0", ""},
      {"GET", {.status = 205, .body = "hello"}, "0", ""},
      {"POST", {.status = 205}, "0", ""},
      {"GET", {.status = 304, .fields = five}, "(none)", ""},
      {"GET", {.status = 304, .body = "hello"}, "(none)", ""},
      {"HEAD", {.fields = five, .body = "hello"}, "5", ""},
      {"HEAD", {.fields = five}, "5", ""},
      {"HEAD", {.body = "hello"}, "(none)", ""},
      {"HEAD", {.status = 204, .fields = five}, "(none)", ""},
      {"HEAD", {.status = 205, .fields = five}, "0", ""},
      {"GET",
       {.fields = {{"content-length", "5"}, {"content-length", "6"}}, .body = "hello"},
       "5",
       "hello"},
      {"GET", {.fields = {{"content-length", "x"}}, .body = "hello"}, "5", "hello"},
      {"GET", {.status = 404, .fields = five, .body = "hello"}, "5", "hello"},
      {"GET", {.fields = {{"content-length", "3"}}, .body = "hello"}, "3", "hel"},
  };
  start_quic();
  for (const Row& row : rows) {
    response_ = row.guest;
    for (const By by : kProtocols) {
      const Answered answered = ask(by, {.method = std::string(row.method)});
      const auto where = testing::Message()
                         << name_of(by) << ' ' << row.method << ' ' << row.guest.status;
      EXPECT_EQ(answered.status, std::to_string(row.guest.status)) << where;
      EXPECT_EQ(answered.field("content-length"), row.length) << where;
      EXPECT_EQ(answered.body, row.body) << where;
    }
  }
}

TEST_F(RulesTest, FieldsAboutAConnectionAreNotTheGuests) {
  response_.fields = {{"connection", "x-a"},
                      {"keep-alive", "timeout=5"},
                      {"proxy-connection", "close"},
                      {"transfer-encoding", "gzip"},
                      {"upgrade", "h2c"},
                      {"te", "gzip"},
                      {"x-b", "1"}};
  start_quic();
  for (const By by : kProtocols) {
    Answered answered = ask(by, {});
    EXPECT_EQ(answered.status, "200") << name_of(by);
    std::ranges::sort(answered.fields);  // Where the protocol's own stand is its own matter.
    EXPECT_EQ(answered.fields, (Pairs{{"content-length", "5"}, {"x-b", "1"}})) << name_of(by);
    EXPECT_EQ(answered.body, "hello") << name_of(by);
  }
}

TEST_F(RulesTest, TrailersFrameAndAuthenticateNothing) {
  response_.trailers = {{"content-length", "1"}, {"set-cookie", "a=b"}, {"grpc-status", "0"},
                        {"connection", "close"}, {"host", "b"},         {"x-real-ip", "6.6.6.6"}};
  start_quic();
  for (const By by : kProtocols) {
    const Answered answered = ask(by, {});
    EXPECT_EQ(answered.fields, (Pairs{{"grpc-status", "0"}})) << name_of(by);
    EXPECT_EQ(answered.body, "hello") << name_of(by);
  }
}

TEST_F(RulesTest, AnInterimResponseHasNoLength) {
  engine_.serve = [](FakeGuest& guest) {
    const std::array fields{http::Field{"content-length", "5"}, http::Field{"link", "</a>"},
                            http::Field{"connection", "close"}};
    static_cast<void>(guest.host.inform(103, fields));
    return guest.answer("hello");
  };
  start_quic();
  for (const By by : {By::Http2, By::Http3}) {
    const Answered answered = ask(by, {});
    EXPECT_EQ(answered.status, "200") << name_of(by);
    EXPECT_EQ(answered.fields, (Pairs{{"link", "</a>"}, {"content-length", "5"}})) << name_of(by);
  }
}

TEST_F(RulesTest, OnlyTheEdgeSaysWhoAClientIs) {
  Asked asked;
  for (const std::string_view name : {"client-cert",
                                      "client-cert-chain",
                                      "client-cert-subject",
                                      "client_cert",
                                      "client-cert_chain",
                                      "client.cert.subject",
                                      "x-forwarded-for",
                                      "x_forwarded_for",
                                      "x-forwarded_for",
                                      "x.forwarded.for",
                                      "x_forwarded_host",
                                      "x-forwarded-host",
                                      "x-forwarded-proto",
                                      "forwarded",
                                      "x-real-ip",
                                      "x-real_ip",
                                      "x_real-ip",
                                      "x~real~ip",
                                      "true-client-ip",
                                      "true_client_ip",
                                      "cf-connecting-ip",
                                      "x-client-ip",
                                      "client-ip",
                                      "x-cluster-client-ip",
                                      "fastly-client-ip",
                                      "remote-addr",
                                      "remote_addr",
                                      "remote-user",
                                      "x-original-url",
                                      "x-rewrite-url",
                                      "x-original_url",
                                      "x-ssl-client-verify",
                                      "ssl-client-s-dn",
                                      "pear-verdict",
                                      "pear_verdict",
                                      "pear-",
                                      "spin-client-addr",
                                      "spin_client_addr",
                                      "proxy",
                                      "proxy-authorization",
                                      "http2-settings",
                                      "early_data",
                                      "x-forwarded-client-cert"}) {
    asked.fields.emplace_back(name, "6.6.6.6");
  }
  asked.fields.emplace_back("x-request-id", "7");
  asked.fields.emplace_back("forward", "8");
  asked.fields.emplace_back("x_custom", "9");
  asked.fields.emplace_back("via", "1.1 x");
  asked.fields.emplace_back("te", "trailers");
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(ask(by, asked).status, "200") << name_of(by);
    EXPECT_EQ(seen_, (Pairs{{"x-request-id", "7"},
                            {"forward", "8"},
                            {"x_custom", "9"},
                            {"via", "1.1 x"},
                            {"te", "trailers"}}))
        << name_of(by);
  }
}

TEST_F(RulesTest, ATrustedProxySaysWhoAClientIsButNotWhatPearSays) {
  settings_.trusted_proxies = {*net::IpPrefix::parse("127.0.0.0/8")};
  const Asked asked{.fields = {{"x-real-ip", "6.6.6.6"},
                               {"x_real_ip", "6.6.6.6"},
                               {"true-client-ip", "6.6.6.6"},
                               {"x-forwarded-host", "6.6.6.6"},
                               {"x-forwarded_host", "6.6.6.6"},
                               {"client-cert", ":x:"},
                               {"pear-verdict", "good"},
                               {"spin-path-info", "/"},
                               {"proxy", "6.6.6.6:80"}}};
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(ask(by, asked).status, "200") << name_of(by);
    EXPECT_EQ(seen_, (Pairs{{"x-real-ip", "6.6.6.6"},
                            {"true-client-ip", "6.6.6.6"},
                            {"x-forwarded-host", "6.6.6.6"}}))
        << name_of(by);
  }
}

TEST_F(RulesTest, FieldsNamedByConnectionEndHere) {
  start_quic();
  const Asked asked{.fields = {{"X-Hop", "1"},
                               {"Connection", "x-hop,, Upgrade"},
                               {"x-stays", "2"},
                               {"upgrade", "h2c"},
                               {"x-last", "3"},
                               {"te", "trailers"},
                               {"connection", "HTTP2-Settings, X-LAST, TE"},
                               {"http2-settings", "AAA"}}};
  EXPECT_EQ(ask(By::Http1, asked).status, "200");
  EXPECT_EQ(seen_, (Pairs{{"x-stays", "2"}}));
  // What the edge writes nobody can have removed.
  EXPECT_EQ(
      ask(By::Http1, {.fields = {{"connection", "x-forwarded-for, x-forwarded-proto"}}}).status,
      "200");
  // In the other protocols there is no such field.
  EXPECT_EQ(ask(By::Http2, {.fields = {{"connection", "x-hop"}}}).status, "reset 1");
}

TEST_F(RulesTest, ConnectionNamesNoMoreThanCanBeLookedAt) {
  start_quic();
  std::string names = "a";
  for (int i = 0; i < 31; ++i) names += ", a";
  EXPECT_EQ(ask(By::Http1, {.fields = {{"connection", names}}}).status, "200");
  EXPECT_EQ(ask(By::Http1, {.fields = {{"connection", names}, {"connection", "b"}}}).status, "400");
}

TEST_F(RulesTest, PiecesOfACookieAreOneField) {
  settings_.http.fields_max = 20;
  settings_.http.header_max = 4_KiB;
  start_quic();
  Asked asked;
  std::string joined;
  for (int i = 0; i < 120; ++i) {
    asked.fields.emplace_back("cookie", "a=" + std::to_string(i));
    joined += (i == 0 ? "a=" : "; a=") + std::to_string(i);
  }
  Asked many = asked;
  for (int i = 0; i < 19; ++i) many.fields.emplace_back("x", "y");
  Asked too_many = many;
  too_many.fields.emplace_back("x", "y");
  Asked long_one;
  for (int i = 0; i < 500; ++i) long_one.fields.emplace_back("cookie", "");
  for (const By by : {By::Http2, By::Http3}) {
    EXPECT_EQ(ask(by, asked).status, "200") << name_of(by);
    EXPECT_EQ(seen_, (Pairs{{"cookie", joined}})) << name_of(by);
    EXPECT_EQ(ask(by, many).status, "200") << name_of(by);
    EXPECT_EQ(ask(by, too_many).status, "431") << name_of(by);
    EXPECT_EQ(ask(by, long_one).status, "431") << name_of(by);
  }
}

TEST_F(RulesTest, WhoSaysThatDataMayBeRepeatedIsTakenAtItsWord) {
  site_.https.early_data = false;
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(ask(by, {.fields = {{"early-data", "1"}}}).status, "425") << name_of(by);
    EXPECT_EQ(ask(by, {.fields = {{"early-data", "0"}}}).status, "200") << name_of(by);
    EXPECT_TRUE(seen_.empty()) << name_of(by);
  }
}

}  // namespace
}  // namespace pear::data
