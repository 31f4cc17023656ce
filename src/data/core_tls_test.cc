// TLS through a whole core: real sockets, real certificates, a client that verifies them.
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "data/tls_fixture.h"
#include "http/http2/test_client.h"

namespace pear::data {
namespace {

using io::tls::ClientOptions;
using io::tls::ServerContexts;
using io::tls::Session;

TEST_F(TlsTest, CarriesHttp1) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done) << client.session->problem();

  EXPECT_TRUE(ask(client, "example.com", "hello").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(ask(client, "example.com", "hello").starts_with("HTTP/1.1 200 OK\r\n"));

  EXPECT_EQ(counters_.tls_handshakes.value(), 1U);
  EXPECT_EQ(counters_.connections_open.value(), 1U);
}

TEST_F(TlsTest, TellsClientsOfHttp3WhereItIsServed) {
  quic_ = &secrets_;
  settings_.https = {{.host = "127.0.0.1", .port = 3443}};
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);

  const std::string answer = ask(client, "example.com", "hello");

  EXPECT_TRUE(answer.contains("alt-svc: h3=\":3443\"; ma=86400\r\n")) << answer;
}

TEST_F(TlsTest, HoldsConnectionsUntilThereAreCertificates) {
  start_tls();
  Client client = connect_tls();
  EXPECT_EQ(shake_hands(client), Session::Progress::WouldBlock);

  publish_certificates();

  EXPECT_EQ(shake_hands(client), Session::Progress::Done);
}

TEST_F(TlsTest, RefusesHandshakesAtOnceWhereThereIsNoCertificateUntilThereIsOne) {
  start_tls();
  send(PublishCertificates{.contexts = ServerContexts::refusing()});
  Client early = connect_tls();

  EXPECT_EQ(shake_hands(early), Session::Progress::Failed);
  EXPECT_EQ(early.session->problem(), "the peer found nothing in common, or has no certificate");
  EXPECT_EQ(counters_.tls_failures.value(), 1U);

  publish_certificates();
  Client late = connect_tls();
  EXPECT_EQ(shake_hands(late), Session::Progress::Done);
}

TEST_F(TlsTest, ServesWhatComesTogetherWithTheEndOfTheHandshake) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  while (client.session->handshake(client.socket.get()) == Session::Progress::WouldBlock) turns(1);
  say(client, kGet.substr(0, 20));  // With the Finished of the client, for all the core knows.
  turns(3);
  say(client, std::string(kGet.substr(20)));

  EXPECT_EQ(hear(client, "certificate").substr(0, 12), "HTTP/1.1 421");  // Its Host is "a".
}

TEST_F(TlsTest, CarriesLargeBodiesBothWays) {
  engine_.serve = echo;
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  std::string body(2'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 997);
  std::string left =
      "POST /site/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2000000\r\n\r\n" + body;

  std::string heard;
  std::array<char, 65'536> buffer{};
  for (int quiet = 0; quiet < 2'000 && !heard.ends_with("\r\n0\r\n\r\n"); ++quiet) {
    const iovec piece{.iov_base = left.data(), .iov_len = left.size()};
    if (!client.session->has_unsent()) {
      left.erase(0, client.session->send(client.socket.get(), std::span(&piece, 1)).bytes);
    } else {
      static_cast<void>(client.session->flush(client.socket.get()));
    }
    turns(1);
    const io::Transfer got = client.session->receive(client.socket.get(), buffer);
    if (got.status != io::Transfer::Status::Done) continue;
    heard.append(buffer.data(), got.bytes);
    quiet = 0;
  }

  EXPECT_TRUE(body_of_chunks(heard) == body);
}

TEST_F(TlsTest, CarriesHttp2WhereTheClientChoosesIt) {
  start_tls();
  publish_certificates();
  ClientOptions wanted = trusting();
  wanted.applications = {io::tls::Application::Http2, io::tls::Application::Http11};
  Client client = connect_tls("example.com", wanted);
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  ASSERT_EQ(client.session->application(), io::tls::Application::Http2);
  http2::TestClient http2;
  const std::int32_t here = http2.request({{":method", "GET"},
                                           {":scheme", "https"},
                                           {":authority", "example.com"},
                                           {":path", "/site/"}});
  const std::int32_t elsewhere = http2.request({{":method", "GET"},
                                                {":scheme", "https"},
                                                {":authority", "example.org"},
                                                {":path", "/site/"}});
  std::array<char, 65'536> buffer{};
  for (int i = 0; i < 200 && !http2.responses[elsewhere].closed; ++i) {
    if (const std::string out = http2.take_output(); !out.empty()) say(client, out);
    turns(1);
    const io::Transfer got = client.session->receive(client.socket.get(), buffer);
    if (got.status == io::Transfer::Status::Done) {
      ASSERT_TRUE(http2.give({buffer.data(), got.bytes}));
    }
  }

  EXPECT_EQ(http2.responses[here].body, "hello");
  EXPECT_EQ(http2.responses[elsewhere].field(":status"), "421");
}

TEST_F(TlsTest, AnswersForTheHostsOfItsCertificateOnly) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);

  EXPECT_TRUE(ask(client, "example.org", "\n\n").starts_with("HTTP/1.1 421 "));
  EXPECT_TRUE(ask(client, "example.com:8443", "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(TlsTest, TellsTheGuestWhoTheClientIsAndBelievesNobodyElse) {
  std::string subject;
  engine_.serve = [&](cage::FakeGuest& guest) {
    for (const http::Field& field : guest.request.fields) {
      if (field.name == "client-cert-subject") subject += std::string(field.value) + ";";
    }
    return guest.answer("hello");
  };
  options_.clients = {{.hosts = {},
                       .check = io::tls::ClientCheck::Require,
                       .authorities = certificates_.authority()}};
  start_tls();
  publish_certificates();
  ClientOptions wanted = trusting();
  const io::tls::CertificateFiles files = certificates_.client("alice");
  wanted.certificate = files;
  Client client = connect_tls("example.com", wanted);
  ASSERT_EQ(shake_hands(client), Session::Progress::Done) << client.session->problem();
  say(client,
      "GET /site/ HTTP/1.1\r\nHost: example.com\r\nClient-Cert-Subject: CN=mallory\r\n\r\n");

  const std::string heard = hear(client, "hello");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 ")) << heard;
  EXPECT_EQ(subject, "CN=alice;");
}

TEST_F(TlsTest, ServesTheFirstCertificatesToOldConnectionsAndTheNewOnesToNew) {
  start_tls();
  publish_certificates();
  Client old = connect_tls();
  ASSERT_EQ(shake_hands(old), Session::Progress::Done);
  options_.certificates = {certificates_.make({.file = "new", .names = {"example.net"}})};
  publish_certificates();

  Client client = connect_tls("example.net");
  EXPECT_EQ(shake_hands(client), Session::Progress::Done);
  EXPECT_TRUE(ask(client, "example.net", "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(ask(old, "example.com", "hello").starts_with("HTTP/1.1 200 "));
}

TEST_F(TlsTest, SendsBrowsersToTlsAndKeepsThemThere) {
  site_.https.redirect = true;
  site_.https.hsts = std::chrono::hours(1);
  settings_.https = {{"127.0.0.1", 8'443}};
  start_tls();
  publish_certificates();

  const std::string redirect =
      CoreTest::ask("GET /site/a?b=c HTTP/1.1\r\nHost: example.com:80\r\n\r\n", "\r\n\r\n");
  EXPECT_TRUE(redirect.starts_with("HTTP/1.1 308 ")) << redirect;
  EXPECT_NE(redirect.find("location: https://example.com:8443/site/a?b=c\r\n"), std::string::npos);
  EXPECT_EQ(redirect.find("strict-transport-security"), std::string::npos);

  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  const std::string heard = ask(client, "example.com", "hello");
  EXPECT_NE(heard.find("strict-transport-security: max-age=3600\r\n"), std::string::npos) << heard;
}

TEST_F(TlsTest, LetsNobodyWithoutTlsIntoASiteThatDemandsCertificates) {
  site_.https.client_certificates = config::ClientCheck::Require;
  settings_.https = {{"127.0.0.1", 443}};
  start();
  for (const std::string_view request :
       {"GET /site/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "GET https://example.com/site/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
        "GET /site/ HTTP/1.0\r\n\r\n"}) {
    EXPECT_TRUE(CoreTest::ask(request, "\r\n\r\n").starts_with("HTTP/1.1 308 ")) << request;
  }
  EXPECT_EQ(table_->sites[0]->cages[0].counters->served.value(), 0U);
}

TEST_F(TlsTest, ComesBehindTheHeaderOfAProxy) {
  settings_.proxy_protocol = {*net::IpPrefix::parse("127.0.0.1")};
  settings_.http.connections_per_address_max = 1;
  std::string way;
  engine_.serve = [&](cage::FakeGuest& guest) {
    for (const http::Field& field : guest.request.fields) {
      if (field.name.starts_with("x-forwarded")) way += std::string(field.value) + ";";
    }
    return guest.answer("hello");
  };
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  CoreTest::say(client.socket, "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n");
  ASSERT_EQ(shake_hands(client), Session::Progress::Done) << client.session->problem();
  EXPECT_TRUE(ask(client, "example.com", "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(way, "192.0.2.7;https;");

  Client second = connect_tls();
  CoreTest::say(second.socket, "PROXY TCP4 192.0.2.7 198.51.100.1 40001 443\r\n");
  EXPECT_EQ(shake_hands(second), Session::Progress::Failed);
  EXPECT_EQ(counters_.connections_refused[0].value(), 1U);
}

}  // namespace
}  // namespace pear::data
