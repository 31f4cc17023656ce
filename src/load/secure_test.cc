// The load generator over TLS: certificates, ALPN, tickets, early data.
#include <memory>

#include <gtest/gtest.h>

#include "load/fake_http2_server.h"
#include "load/fake_http3_server.h"
#include "load/run_fixture.h"

namespace pear::load {
namespace {

std::uint64_t count_of(const Outcome& outcome, Handshake handshake) {
  return outcome.handshakes[static_cast<std::size_t>(handshake)];
}

FakeDecide always_hello() {
  return [](std::uint64_t) { return FakeDecision{}; };
}

Plan plan_for(const std::string& url, const FakeTls& tls) {
  Plan plan;
  plan.target = *parse_target(url);
  plan.tls.authorities = tls.authority();
  plan.connections = 2;
  plan.bound = {.duration = milliseconds(20'000), .requests = 20};
  return plan;
}

TEST(Secure, LetsTheServerChooseBetweenHttp2AndHttp1) {
  const FakeTls with_http2;
  FakeHttp2Server both(always_hello(), &with_http2);
  const FakeTls without(io::tls::ContextOptions{.http2 = false});
  FakeHttp2Server old(always_hello(), &without);

  const auto spoken = run_load(plan_for(both.url(), with_http2), nullptr);
  const auto old_spoken = run_load(plan_for(old.url(), without), nullptr);

  ASSERT_TRUE(spoken.has_value());
  ASSERT_TRUE(old_spoken.has_value());
  EXPECT_EQ(spoken->answered, 20U);
  EXPECT_EQ(old_spoken->answered, 20U);
  EXPECT_EQ(old_spoken->failed(), 0U);
  EXPECT_LE(both.counts().connections.load(), 2U);
}

TEST(Secure, FailsWhereTheServerDoesNotSpeakWhatIsAskedFor) {
  const FakeTls tls(io::tls::ContextOptions{.http2 = false});
  FakeHttp2Server server(always_hello(), &tls);
  Plan plan = plan_for(server.url(), tls);
  plan.http = HttpVersion::Http2;
  plan.bound.requests = 1;

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(count_of(*outcome, Failure::Handshake), 1U);
  EXPECT_FALSE(outcome->problem.empty());
}

TEST(Secure, BelievesNoCertificateOfAnUnknownAuthorityUnlessItIsTold) {
  const FakeTls tls;
  const FakeTls others;
  FakeHttp2Server tcp(always_hello(), &tls);
  FakeHttp3Server udp(always_hello(), tls);
  std::string_view problem;
  for (const HttpVersion version : {HttpVersion::Http2, HttpVersion::Http3}) {
    const bool quic = version == HttpVersion::Http3;
    Plan plan = plan_for(quic ? udp.url() : tcp.url(), others);
    plan.http = version;
    plan.bound.requests = 1;
    plan.connections = 1;

    const auto refused = run_load(plan, nullptr);
    plan.tls.check = TlsPlan::Check::Nothing;
    const auto taken = run_load(plan, nullptr);

    ASSERT_TRUE(refused.has_value());
    ASSERT_TRUE(taken.has_value());
    EXPECT_EQ(count_of(*refused, Failure::Handshake), 1U);
    EXPECT_FALSE(refused->problem.empty());
    EXPECT_TRUE(problem.empty() || refused->problem == problem) << refused->problem;
    problem = refused->problem;
    EXPECT_EQ(taken->answered, 1U);
  }
}

TEST(Secure, TellsWhyAServerRefusesAHandshake) {
  const FakeTls tls;
  const auto problem = [&](HttpVersion version, auto& server) {
    Plan plan = plan_for(server.url(), tls);
    plan.http = version;
    plan.bound.requests = 1;
    plan.connections = 1;
    const auto outcome = run_load(plan, nullptr);
    EXPECT_EQ(count_of(*outcome, Failure::Handshake), 1U);
    return outcome->problem;
  };
  const FakeTls none(io::tls::ServerContexts::refusing());
  FakeHttp2Server tcp(always_hello(), &none);
  FakeHttp3Server udp(always_hello(), none);

  EXPECT_EQ(problem(HttpVersion::Http2, tcp),
            "the peer found nothing in common, or has no certificate");
  EXPECT_EQ(problem(HttpVersion::Http3, udp),
            "the peer found nothing in common, or has no certificate");
}

TEST(Secure, BelievesTheLocalAuthorityBesideTheSystems) {
  const FakeTls tls;
  FakeHttp2Server server(always_hello(), &tls);
  Plan plan = plan_for(server.url(), tls);
  plan.tls.authorities.clear();
  plan.tls.local_authority = tls.authority();

  const auto outcome = run_load(plan, nullptr);

  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->answered, 20U) << outcome->problem;
}

TEST(Secure, ReachesANameAtAnotherPlaceAndChecksTheName) {
  const FakeTls tls;
  FakeHttp2Server server(always_hello(), &tls);
  const std::string port = server.url().substr(server.url().rfind(':') + 1);
  const std::string place = "127.0.0.1:" + port.substr(0, port.size() - 1);
  Plan plan = plan_for("https://localhost/", tls);
  plan.bound.requests = 1;
  plan.detours = {*parse_detour("localhost:443:" + place)};
  const auto right = run_load(plan, nullptr);
  plan.target = *parse_target("https://shop.example/");
  plan.detours = {*parse_detour("::" + place)};
  const auto wrong = run_load(plan, nullptr);

  ASSERT_TRUE(right.has_value());
  ASSERT_TRUE(wrong.has_value());
  EXPECT_EQ(right->answered, 1U);
  EXPECT_EQ(count_of(*wrong, Failure::Handshake), 1U) << "the certificate is for localhost";
}

TEST(Secure, ShakesHandsInFullOrResumesAsItIsTold) {
  const FakeTls tls;
  FakeHttp2Server tcp(always_hello(), &tls);
  FakeHttp3Server udp(always_hello(), tls);
  for (const HttpVersion version : {HttpVersion::Http1, HttpVersion::Http2, HttpVersion::Http3}) {
    const bool quic = version == HttpVersion::Http3;
    Plan plan = plan_for(quic ? udp.url() : tcp.url(), tls);
    plan.http = version;
    plan.connections = 1;
    plan.connection_use = ConnectionUse::NewForEach;

    const auto full = run_load(plan, nullptr);
    plan.tls.resumption = Resumption::Tickets;
    const auto resumed = run_load(plan, nullptr);

    ASSERT_TRUE(full.has_value());
    ASSERT_TRUE(resumed.has_value());
    EXPECT_EQ(full->answered + resumed->answered, 40U);
    EXPECT_EQ(count_of(*full, Handshake::Full), 20U);
    EXPECT_EQ(count_of(*resumed, Handshake::Full), 1U);
    EXPECT_EQ(count_of(*resumed, Handshake::Resumed), 19U);
  }
}

TEST(Secure, SendsRequestsInEarlyDataWhereTheServerTakesIt) {
  const FakeTls takes(
      io::tls::ContextOptions{.strikes = io::tls::StrikeRegister::in_process(1000)});
  const FakeTls refuses;
  FakeHttp3Server willing(always_hello(), takes);
  FakeHttp3Server careful(always_hello(), refuses);
  const auto run = [](const FakeHttp3Server& server, const FakeTls& tls) {
    Plan plan = plan_for(server.url(), tls);
    plan.http = HttpVersion::Http3;
    plan.connections = 1;
    plan.connection_use = ConnectionUse::NewForEach;
    plan.tls.resumption = Resumption::EarlyData;
    return run_load(plan, nullptr);
  };

  const auto early = run(willing, takes);
  const auto late = run(careful, refuses);

  ASSERT_TRUE(early.has_value());
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(early->answered, 20U);
  EXPECT_EQ(count_of(*early, Handshake::Full), 1U);
  EXPECT_EQ(count_of(*early, Handshake::Early), 19U);
  EXPECT_EQ(late->answered, 20U);
  EXPECT_EQ(count_of(*late, Handshake::Early), 0U);
  EXPECT_EQ(count_of(*late, Handshake::Resumed), 19U);
}

}  // namespace
}  // namespace pear::load
