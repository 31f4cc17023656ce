// The end of a core: nobody who has asked is left without an answer.
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/clock.h"
#include "io/socket.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

class CoreDrainTest : public CoreTest {
 protected:
  static bool never(const std::string& /*heard*/) { return false; }

  void drain() { send(DrainCore{.deadline = io::now() + std::chrono::hours(1)}); }
  void until_drained() {
    while (take_events<CoreDrained>().empty()) core_->turn(io::Reactor::Wait::UntilEvent);
  }
  // Without a turn of the core: what is sent waits in the kernel.
  static void send_unheard(const io::UniqueFd& client, std::string_view bytes) {
    EXPECT_EQ(io::send(client.get(), std::span(bytes)).bytes, bytes.size());
  }
  static void expect_last_answer(const std::string& heard) {
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 ")) << heard;
    EXPECT_TRUE(heard.contains("connection: close\r\n")) << heard;
    EXPECT_TRUE(heard.ends_with("hello<end>")) << heard;
  }
};

TEST_F(CoreDrainTest, IdleConnectionsCloseAndTheOthersAreFinished) {
  bool go = true;
  site_.limits.cpu = std::chrono::hours(1);
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd idle = connect();
  say(idle, kGet);
  static_cast<void>(hear_body(idle, "hello"));
  const io::UniqueFd busy = connect();
  go = false;
  say(busy, kGet);
  turns(2);

  drain();

  while (counters_.connections_open.value() != 1) turns(1);
  EXPECT_EQ(hear(idle, never), "<end>");
  EXPECT_TRUE(take_events<CoreDrained>().empty());
  go = true;
  expect_last_answer(hear(busy, never));
  until_drained();
}

TEST_F(CoreDrainTest, ARequestThatNobodyHasReadIsServed) {
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  static_cast<void>(hear_body(client, "hello"));

  send_unheard(client, kGet);
  drain();

  expect_last_answer(hear(client, never));
}

TEST_F(CoreDrainTest, ARequestBehindAResponseThatPromisedToGoOnIsServed) {
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.request.path_with_query == "/site/") return guest.answer("hello");
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    if (!go) return guest.yielded();
    guest.host.finish_body({});
    return guest.idle();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, "GET /site/slow HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto has_head = [](const std::string& heard) { return heard.ends_with("\r\n\r\n"); };
  EXPECT_FALSE(hear(client, has_head).contains("connection: close"));

  send_unheard(client, kGet);
  drain();
  turns(5);
  go = true;

  const std::string heard = hear(client, never);
  EXPECT_TRUE(heard.starts_with("0\r\n\r\n")) << heard;
  expect_last_answer(heard.substr(5));
}

TEST_F(CoreDrainTest, AConnectionInTheKernelsQueueIsTakenAndServed) {
  start();
  const io::UniqueFd client = *io::start_connect(address_);
  send_unheard(client, kGet);

  drain();

  expect_last_answer(hear(client, never));
}

TEST_F(CoreDrainTest, AClientWithMoreToAskMayOnce) {
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  static_cast<void>(hear_body(client, "hello"));
  drain();
  turns(5);

  say(client, kGet);

  expect_last_answer(hear(client, never));
}

TEST_F(CoreDrainTest, AClientThatHasNotAskedYetMay) {
  start();
  const io::UniqueFd client = connect();
  drain();
  turns(5);

  say(client, kGet);

  expect_last_answer(hear(client, never));
}

TEST_F(CoreDrainTest, AClientThatAsksNothingIsNotWaitedForLong) {
  start();
  const io::UniqueFd client = connect();
  drain();
  turns(5);
  EXPECT_TRUE(take_events<CoreDrained>().empty());

  while (counters_.connections_open.value() != 0) core_->turn(io::Reactor::Wait::UntilEvent);

  EXPECT_EQ(hear(client, never), "<end>");
  until_drained();
}

TEST_F(CoreDrainTest, WhoComesLaterIsRefused) {
  start();
  drain();
  until_drained();

  const auto late = io::start_connect(address_);

  EXPECT_TRUE(!late || !io::finish_connect(late->get()));
}

TEST_F(CoreDrainTest, WhoKnocksBeforeTheSocketIsClosedIsNeitherConnectedNorReset) {
  start();
  drain();
  turns(1);
  ASSERT_TRUE(take_events<CoreDrained>().empty());

  const auto late = io::start_connect(address_);

  until_drained();
  ASSERT_TRUE(late && io::finish_connect(late->get()));
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  EXPECT_EQ(::getpeername(late->get(), reinterpret_cast<sockaddr*>(&peer), &size), -1);
}

// The socket is somebody else's (systemd's): who knocks waits there for the next server.
TEST_F(CoreDrainTest, ASocketThatWasLentStaysOpenToThoseWhoKnock) {
  listener_shares_port_ = false;
  start();
  const io::UniqueFd lender(::dup(listener_fd_));
  drain();
  until_drained();

  const auto late = io::start_connect(address_);
  ASSERT_TRUE(late && io::finish_connect(late->get()));
  EXPECT_TRUE(io::accept_connection(lender.get()).fd.is_open());
}

}  // namespace
}  // namespace pear::data
