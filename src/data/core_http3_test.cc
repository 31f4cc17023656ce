// HTTP/3 through a whole core: real sockets, real certificates, real QUIC on both sides.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/http3_fixture.h"
#include "data/quic_raw_client.h"

namespace pear::data {
namespace {

using End = http3::Transport::End;

TEST_F(Http3Test, AnswersARequest) {
  start_quic();
  auto client = connected();

  const auto& response = ask(*client, Http3TestClient::get("/site/"));

  EXPECT_EQ(response.status(), "200");
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.ended);
  EXPECT_EQ(response.field("content-length"), "5");
  EXPECT_FALSE(response.field("date").empty());
  EXPECT_EQ(counters_.quic_handshakes.value(), 1U);
  EXPECT_EQ(counters_.connections_open.value(), 1U);
}

TEST_F(Http3Test, GivesEarlyHints) {
  site_.early_hints = {"</a.css>; rel=preload; as=style"};
  start_quic();
  const auto client = connected();
  const auto& response = ask(*client, Http3TestClient::get("/site/"));

  ASSERT_GT(response.fields.size(), 2U);
  EXPECT_EQ(response.status(), "103");
  EXPECT_EQ(response.fields[1].second, site_.early_hints[0]);
  EXPECT_EQ(response.fields[2].second, "200");
  EXPECT_EQ(response.body, "hello");
}

TEST_F(Http3Test, AnswersManyRequestsOfOneConnection) {
  start_quic();
  auto client = connected();
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello") << i;
  }
}

TEST_F(Http3Test, FillsPacketsWithSmallMessagesOfManyStreams) {
  start_quic();
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  client->remembers = true;
  std::vector<http3::StreamId> streams(10);
  for (auto& stream : streams) stream = client->request(Http3TestClient::get("/site/"));
  client->flush();
  EXPECT_EQ(client->sent.size(), 1U);
  const std::size_t before = client->datagrams_received;
  const bool done = until(*client, [&] {
    return std::ranges::all_of(streams, [&](auto id) { return client->response(id).ended; });
  });
  EXPECT_TRUE(done);
  EXPECT_LE(client->datagrams_received - before, 2U);
  for (const auto stream : streams) EXPECT_EQ(client->response(stream).body, "hello") << stream;
}

TEST_F(Http3Test, AnswersInTheTurnInWhichTheRequestComesAndWithOneDatagram) {
  start_quic();
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  until(*client, [] { return false; });  // All is acknowledged.
  const std::size_t before = client->datagrams_received;
  const auto stream = client->request(Http3TestClient::get("/site/"));
  client->flush();
  turns(1);
  client->pump();
  EXPECT_TRUE(client->response(stream).ended);
  EXPECT_EQ(client->datagrams_received - before, 1U);
}

TEST_F(Http3Test, CarriesBodiesBothWays) {
  engine_.serve = echo;
  start_quic();
  auto client = connected();
  const std::string body(300'000, 'b');
  auto fields = Http3TestClient::get("/site/");
  fields[0].value = "POST";
  const auto stream = client->request(fields, End::Follows);
  std::size_t sent = 0;
  const bool done = until(*client, [&] {
    while (sent < body.size()) {
      const auto taken =
          client->transport().send_body(stream, std::string_view(body).substr(sent), End::Here);
      sent += taken.bytes;
      if (taken.outcome != http3::Sent::Done) break;
    }
    return client->response(stream).ended;
  });

  EXPECT_TRUE(done) << sent << " sent, " << client->response(stream).body.size() << " back";
  EXPECT_EQ(client->response(stream).body, body);
}

TEST_F(Http3Test, TellsGuestsWhatHttp1AndHttp2Do) {
  std::string seen;
  engine_.serve = [&](cage::FakeGuest& guest) {
    seen = guest.request.scheme;
    for (const http::Field& field : guest.request.fields) {
      seen += " " + std::string(field.name) + "=" + std::string(field.value);
    }
    return guest.answer("hello");
  };
  start_quic();
  auto client = connected();
  auto fields = Http3TestClient::get("/site/");
  fields.push_back({"x-forwarded-for", "6.6.6.6"});
  ask(*client, fields);
  EXPECT_EQ(seen, "https x-forwarded-for=127.0.0.1 x-forwarded-proto=https");
}

TEST_F(Http3Test, RefusesHandshakesAtOnceWhereThereIsNoCertificate) {
  start_quic(io::tls::ServerContexts::refusing());
  auto refused = client();

  EXPECT_TRUE(until(*refused, [&] { return refused->transport().peer_error().has_value(); }));
  EXPECT_EQ(refused->transport().peer_error()->code, 0x128U);  // TLS's handshake_failure.
}

TEST_F(Http3Test, CountsTheConnectionsOfAClientWithThoseOfTcp) {
  settings_.http.connections_per_address_max = 1;
  start_quic();
  auto first = connected();
  auto second = client();
  EXPECT_TRUE(until(*second, [&] { return second->transport().peer_error().has_value(); }));
  EXPECT_EQ(second->transport().peer_error()->code, 0x107U);
  EXPECT_EQ(hear(connect(), [](const std::string&) { return false; }), "<reset>");
  EXPECT_EQ(counters_.connections_refused[0].value(), 2U);

  EXPECT_EQ(ask(*first, Http3TestClient::get("/site/")).body, "hello");
}

TEST_F(Http3Test, TurnsAwayBeforeTheHandshakeWhereTheAddressIsProven) {
  settings_.http3.retry = config::Retry::Always;
  settings_.rate_limit.handshakes_per_address = {
      .count = 1, .period = std::chrono::hours(1), .burst = 1};
  start_quic();
  auto first = connected();
  auto second = client();
  EXPECT_FALSE(until(*second, [&] { return second->ready(); }));
  EXPECT_GE(counters_.connections_refused[2].value(), 1U);
  EXPECT_EQ(counters_.quic_handshakes.value(), 1U);

  EXPECT_EQ(ask(*first, Http3TestClient::get("/site/")).body, "hello");
}

TEST_F(Http3Test, RefusesWhatTheRuleBookRefuses) {
  start_quic();
  auto client = connected();
  auto coding = Http3TestClient::get("/site/");
  coding.push_back({"transfer-encoding", "chunked"});
  EXPECT_EQ(ask(*client, coding).reset, 0x10eU);
  auto connection = Http3TestClient::get("/site/");
  connection.push_back({"connection", "close"});
  EXPECT_EQ(ask(*client, connection).reset, 0x10eU);
  EXPECT_EQ(ask(*client, Http3TestClient::get("/nowhere")).status(), "404");
  auto elsewhere = Http3TestClient::get("/site/");
  elsewhere[2].value = "other.example";
  EXPECT_EQ(ask(*client, elsewhere).status(), "421");
  EXPECT_EQ(counters_.http3_offences[std::to_underlying(http3::Offence::MalformedRequest)].value(),
            2U);
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).status(), "200");
}

TEST_F(Http3Test, AnswersAboutItselfWhereNoSiteIsAsked) {
  start_quic();
  auto client = connected();
  auto fields = Http3TestClient::get("*");
  fields[0].value = "OPTIONS";
  const auto& response = ask(*client, fields);
  EXPECT_EQ(response.status(), "204");
  EXPECT_TRUE(response.field("allow").contains("OPTIONS"));
  EXPECT_TRUE(response.body.empty());
}

TEST_F(Http3Test, ResetsRequestsThatEndBeforeTheirHead) {
  start_quic();
  QuicRawClient client(quic_address_);
  ASSERT_TRUE(until(client, [&] { return client.ready(); }));
  // The control stream, with empty SETTINGS.
  client.begin(2, std::string_view("\x00\x04\x00", 3));
  client.say(4, "");
  client.say(0, std::string_view("\x01\x40\x50\x00", 4));  // Of a HEADERS frame of 80 bytes.
  for (const http3::StreamId stream : {4, 0}) {
    EXPECT_TRUE(until(client, [&] { return client.reset_of(stream) == 0x10d; })) << stream;
  }
  EXPECT_EQ(counters_.http3_offences[std::to_underlying(http3::Offence::MalformedRequest)].value(),
            2U);
  EXPECT_FALSE(client.closed());
}

TEST_F(Http3Test, GoesOnWithARequestWhoseEndComesAfterItsAnswer) {
  start_quic();
  auto client = connected();
  auto fields = Http3TestClient::get("/site/");
  fields[0].value = "POST";
  const auto stream = client->request(fields, End::Follows);
  EXPECT_TRUE(until(*client, [&] { return client->response(stream).ended; }));
  static_cast<void>(client->transport().send_body(stream, "late", End::Here));
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  EXPECT_EQ(client->response(stream).reset, 0U);
  EXPECT_EQ(counters_.http3_offences[std::to_underlying(http3::Offence::MalformedRequest)].value(),
            0U);
}

TEST_F(Http3Test, EndsAConnectionThatResetsAllItsRequests) {
  engine_.serve = [](cage::FakeGuest& guest) { return guest.pending(); };
  start_quic();
  auto client = connected();
  int resets = 0;
  const MonotonicTime began = reactor_->now();
  const bool ended = until(*client, [&] {
    const auto error = client->transport().peer_error();
    if (error) return true;
    const auto stream = client->transport().request(Http3TestClient::get("/site/"), End::Here);
    if (!stream) return false;
    client->pump();
    turns(1);
    client->transport().stop_sending(*stream, 0x10c);
    ++resets;
    return false;
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(client->transport().peer_error()->code, 0x107U);
  // 200 at once and 100 a second (http3/offence.h), of the time that it took on this machine.
  const std::chrono::duration<double> took = reactor_->now() - began;
  EXPECT_LE(resets, 220 + 100 * took.count());
  EXPECT_EQ(counters_.http3_offences[std::to_underlying(http3::Offence::Resets)].value(), 1U);
  const std::string log = logged();
  EXPECT_TRUE(log.contains(R"("kind":"resets","client":"127.0.0.1","protocol":"h3")")) << log;
}

TEST_F(Http3Test, AsksForProofOfAddressesWhenToldTo) {
  settings_.http3.retry = config::Retry::Always;
  start_quic();
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  EXPECT_EQ(counters_.quic_retries.value(), 1U);
}

TEST_F(Http3Test, AsksForProofFromSoManyHandshakesOn) {
  settings_.http3.handshakes_max = 2;
  start_quic();
  std::vector<std::unique_ptr<Http3TestClient>> silent;
  for (int i = 0; i < 3; ++i) {
    silent.push_back(client());
    silent.back()->pump();  // Its first flight, and no more.
    turns(2);
  }
  EXPECT_EQ(counters_.quic_retries.value(), 1U);
  auto good = connected();
  EXPECT_EQ(ask(*good, Http3TestClient::get("/site/")).body, "hello");
  EXPECT_EQ(counters_.quic_retries.value(), 2U);
}

TEST_F(Http3Test, SendsLittleToAddressesThatAreNotProven) {
  start_quic();
  auto silent = client();
  silent->pump();
  const std::size_t asked = silent->bytes_sent;
  turns(5);
  silent->pump();
  EXPECT_GT(silent->datagrams_received, 0U);
  EXPECT_LE(silent->bytes_received, 3 * asked);
}

TEST_F(Http3Test, TellsOldVersionsWhichOneItSpeaks) {
  start_quic();
  auto socket =
      io::UdpSocket::adopt(*io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {}));
  std::vector<std::uint8_t> first(1200, 0);
  first[0] = 0xC0;
  first[1] = 0xBA;  // A version that nobody has.
  first[5] = 8;
  const auto answers = [&] {
    EXPECT_EQ(socket->send({.bytes = first, .segment = first.size(), .to = quic_address_}).bytes,
              first.size());
    turns(2);
    io::DatagramBuffers buffers;
    std::vector<std::uint8_t> answer;
    static_cast<void>(socket->receive(buffers, [&](const io::Datagram& got) {
      answer.assign(got.bytes.begin(), got.bytes.end());
    }));
    return answer;
  };
  const auto answer = answers();
  ASSERT_GE(answer.size(), 11U);
  EXPECT_EQ((std::vector(answer.begin() + 1, answer.begin() + 5)),
            (std::vector<std::uint8_t>{0, 0, 0, 0}));
  EXPECT_EQ((std::vector(answer.end() - 4, answer.end())), (std::vector<std::uint8_t>{0, 0, 0, 1}));
  first.resize(1199);
  EXPECT_TRUE(answers().empty()) << "too small to be answered";
}

TEST_F(Http3Test, FollowsAClientThatMoves) {
  start_quic();
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  client->move();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  until(*client, [&] { return counters_.quic_migrations.value() == 1; });
  EXPECT_EQ(counters_.quic_migrations.value(), 1U);
}

TEST_F(Http3Test, ResetsConnectionsOfTheServerBeforeIt) {
  start_quic();
  auto client = connected();
  ASSERT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  // The core forgets all; the secrets stay. That it said goodbye, as one that crashes does not, the
  // client has not heard.
  core_->stop();
  core_->run();
  core_.reset();
  client->move();
  const io::SocketAddress address = quic_address_;
  start();
  auto socket = io::UdpSocket::adopt(*io::open_udp_socket(address, {}));
  core_->listen(std::move(*socket));
  send(PublishCertificates{
      .contexts = io::tls::ServerContexts::load(options_, io::tls::kTestNow).contexts});
  turns(2);
  static_cast<void>(client->transport().request(Http3TestClient::get("/site/"), End::Here));
  EXPECT_TRUE(until(*client, [&] { return client->transport().state().closed; }));
  EXPECT_EQ(counters_.quic_resets.value(), 1U);
}

TEST_F(Http3Test, SaysGoodbyeInADrain) {
  start_quic();
  auto client = connected();
  ASSERT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
  send(DrainCore{.deadline = reactor_->now() + std::chrono::seconds(5)});
  EXPECT_TRUE(until(*client, [&] { return client->goaway; }));
}

TEST_F(Http3Test, IsNotAdvertisedToClientsThatHaveItOrHaveNoTls) {
  start_quic();
  const std::string plain = CoreTest::ask(kGet, "hello");
  EXPECT_FALSE(plain.contains("alt-svc")) << plain;
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).field("alt-svc"), "");
}

TEST_F(Http3Test, IgnoresWhatIsNoQuic) {
  start_quic();
  auto socket =
      io::UdpSocket::adopt(*io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {}));
  std::vector<std::uint8_t> noise(1500);
  for (int round = 0; round < 200; ++round) {
    for (std::size_t i = 0; i < noise.size(); ++i) {
      noise[i] =
          static_cast<std::uint8_t>((i * 7919U + static_cast<unsigned>(round) * 104'729U) >> 3U);
    }
    const auto size = static_cast<std::size_t>(1 + round * 7);
    static_cast<void>(socket->send(
        {.bytes = std::span(noise).first(size), .segment = size, .to = quic_address_}));
    turns(1);
  }
  auto client = connected();
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "hello");
}

}  // namespace
}  // namespace pear::data
