// How handshakes and connections of TLS end: refused, in a drain, idle, by the client.
#include <string>

#include <gtest/gtest.h>

#include "data/tls_fixture.h"

namespace pear::data {
namespace {

using io::tls::Session;

TEST_F(TlsTest, CountsHandshakesThatFail) {
  start_tls();
  publish_certificates();
  const io::UniqueFd socket = *io::start_connect(tls_address_);
  turns(2);
  CoreTest::say(socket, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");

  CoreTest::hear(socket, [](const std::string&) { return false; });

  EXPECT_EQ(counters_.tls_failures.value(), 1U);
  EXPECT_EQ(counters_.tls_handshakes.value(), 0U);
}

// Its FIN comes with the same event as its first bytes, and no other follows.
TEST_F(TlsTest, EndsTheHandshakeOfAClientThatSaysNoMore) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  static_cast<void>(client.session->handshake(client.socket.get()));
  io::shut_down_writing(client.socket.get());

  for (int i = 0; i < 100 && counters_.tls_failures.value() == 0; ++i) turns(1);

  EXPECT_EQ(counters_.tls_failures.value(), 1U);
}

TEST_F(TlsTest, EndsItsConnectionsInADrain) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  EXPECT_TRUE(ask(client, "example.com", "hello").ends_with("hello"));
  Client halfway = connect_tls();

  send(DrainCore{.deadline = reactor_->now() + std::chrono::seconds(30)});

  while (counters_.connections_open.value() != 0) turns(1);
  EXPECT_EQ(hear(client, "<end>"), "<end>");
}

// An alert, its type and the tag of an AEAD (RFC 8446, sections 5.2 and 6.1).
constexpr std::size_t kCloseNotifyBytes = 2 + 1 + 16;

TEST_F(TlsTest, SaysGoodbyeWithItsLastResponse) {
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  say(client, "GET /site/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");

  do {
    turns(1);
  } while (counters_.connections_open.value() != 0);

  EXPECT_EQ(bytes_of_last_record(client), kCloseNotifyBytes);
  EXPECT_TRUE(hear(client, "<end>").ends_with("hello<end>"));
}

TEST_F(TlsTest, SaysGoodbyeToWhoIsIdleTooLong) {
  settings_.http.idle_timeout = std::chrono::milliseconds(1);
  start_tls();
  publish_certificates();
  Client client = connect_tls();
  ASSERT_EQ(shake_hands(client), Session::Progress::Done);
  say(client, "GET /site/ HTTP/1.1\r\nHost: example.com\r\n\r\n");

  while (counters_.timeouts.value() != 1) core_->turn(io::Reactor::Wait::UntilEvent);

  EXPECT_EQ(bytes_of_last_record(client), kCloseNotifyBytes);
  EXPECT_TRUE(hear(client, "<end>").ends_with("hello<end>"));
}

TEST_F(TlsTest, OneClientShakesHandsAtARate) {
  settings_.rate_limit.handshakes_per_address = {
      .count = 1, .period = std::chrono::hours(1), .burst = 1};
  start_tls();
  publish_certificates();
  Client first = connect_tls();
  EXPECT_EQ(shake_hands(first), Session::Progress::Done);

  Client second = connect_tls();
  EXPECT_EQ(shake_hands(second), Session::Progress::Failed);
  EXPECT_EQ(counters_.connections_refused[2].value(), 1U);
  EXPECT_TRUE(CoreTest::ask(kGet, "hello").starts_with("HTTP/1.1 200 ")) << "without TLS it may";
}

TEST_F(TlsTest, WaitsForNoHandshakeInADrainButAMoment) {
  start_tls();
  publish_certificates();
  Client halfway = connect_tls();
  static_cast<void>(halfway.session->handshake(halfway.socket.get()));
  turns(3);
  send(DrainCore{.deadline = reactor_->now() + std::chrono::seconds(30)});
  turns(1);

  reactor_->timers().advance(reactor_->now() + std::chrono::seconds(1));
  turns(2);

  EXPECT_EQ(take_events<CoreDrained>().size(), 1U);
}

}  // namespace
}  // namespace pear::data
