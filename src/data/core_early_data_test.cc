// Early data (0-RTT) through a whole core: which requests run before the handshake ends, and that
// none runs twice.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/http3_fixture.h"
#include "http/field_rules.h"

namespace pear::data {
namespace {

class EarlyDataTest : public Http3Test {
 protected:
  EarlyDataTest() {
    options_.strikes = io::tls::StrikeRegister::in_process(64);
    // Says whether the guest was told that the request came early.
    engine_.serve = [this](cage::FakeGuest& guest) {
      ++served_;
      const http::Field* const early = http::find_field(guest.request.fields, "early-data");
      return guest.answer(early == nullptr ? "in time" : early->value);
    };
  }
  // A client with a ticket of this server.
  [[nodiscard]] std::unique_ptr<Http3TestClient> returning() {
    auto first = std::make_unique<Http3TestClient>(quic_address_, context_.get());
    EXPECT_TRUE(until(*first, [&] { return context_->has_ticket() && first->ready(); }));
    first->transport().close(0x100);
    first->pump();
    return std::make_unique<Http3TestClient>(quic_address_, context_.get());
  }
  // The answer to a request that is the client's first word.
  Http3TestClient::Response& ask_early(Http3TestClient& client,
                                       const Http3TestClient::Fields& fields) {
    client.pump();  // The ClientHello leaves,
    client.pump();  // and more may follow at once.
    EXPECT_TRUE(client.ready());
    EXPECT_FALSE(client.transport().state().established);
    return ask(client, fields);
  }
  static Http3TestClient::Fields post() {
    Http3TestClient::Fields fields = Http3TestClient::get("/site/");
    fields[0].value = "POST";
    return fields;
  }

  std::unique_ptr<io::tls::ClientContext> context_ =
      Http3TestClient::make_context(Http3TestClient::Resume::EachOnce);
  int served_ = 0;
};

TEST_F(EarlyDataTest, RunsRequestsThatMayBeRepeated) {
  start_quic();
  const auto client = returning();
  const auto& response = ask_early(*client, Http3TestClient::get("/site/"));

  EXPECT_EQ(response.status(), "200");
  EXPECT_EQ(response.body, "1") << "the guest is told (RFC 8470, section 5.1)";
  EXPECT_TRUE(client->transport().state().early_taken);
  // What comes later on the connection is like any other request.
  EXPECT_EQ(ask(*client, Http3TestClient::get("/site/")).body, "in time");
}

TEST_F(EarlyDataTest, RefusesRequestsThatMayNotBeRepeated) {
  start_quic();
  const auto client = returning();

  EXPECT_EQ(ask_early(*client, post()).status(), "425");
  EXPECT_EQ(served_, 0);
  EXPECT_EQ(ask(*client, post()).body, "in time");
}

TEST_F(EarlyDataTest, IsRefusedWhereTheSiteSaysSo) {
  site_.https.early_data = false;
  start_quic();
  const auto client = returning();
  EXPECT_EQ(ask_early(*client, Http3TestClient::get("/site/")).status(), "425");
}

TEST_F(EarlyDataTest, IsRefusedOrTakenByARouteWhateverItsSiteSays) {
  site_.https.early_data = false;
  site_.routes[0].early_data = true;
  start_quic();
  const auto client = returning();
  EXPECT_EQ(ask_early(*client, Http3TestClient::get("/site/")).body, "1");
}

TEST_F(EarlyDataTest, DoesNotRunACopyOfWhatAClientSaid) {
  start_quic();
  const auto client = returning();
  client->remembers = true;
  EXPECT_EQ(ask_early(*client, Http3TestClient::get("/site/")).body, "1");
  EXPECT_EQ(served_, 1);
  // Once the server has forgotten the connection, only the register knows its ticket.
  client->transport().close(0x100);
  for (int i = 0; i < 1'000'000 && counters_.connections_open.value() != 0; ++i) {
    client->pump();
    turns(1);
  }
  ASSERT_EQ(counters_.connections_open.value(), 0U);
  const auto handshakes = counters_.quic_handshakes.value();

  auto fd = io::open_udp_socket(*io::SocketAddress::parse("127.0.0.1", 0), {});
  auto copies = io::UdpSocket::adopt(std::move(*fd));
  for (auto& datagram : client->sent) {
    static_cast<void>(
        copies->send({.bytes = datagram, .segment = datagram.size(), .to = quic_address_}));
    turns(5);
  }

  EXPECT_EQ(counters_.connections_open.value(), 1U) << "it is taken for a new client";
  EXPECT_EQ(counters_.quic_handshakes.value(), handshakes);
  EXPECT_EQ(served_, 1);
}

TEST_F(EarlyDataTest, IsNotTakenWithoutARegister) {
  options_.strikes = nullptr;
  start_quic();
  const auto client = returning();
  EXPECT_TRUE(until(*client, [&] { return client->transport().state().established; }));
  EXPECT_TRUE(client->transport().state().resumed);
  EXPECT_FALSE(client->transport().state().early_taken);
}

}  // namespace
}  // namespace pear::data
