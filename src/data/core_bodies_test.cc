// Bodies both ways, and clients that stop or leave.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/socket.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using cage::GuestFault;
using model::CageState;

TEST_F(CoreTest, AFaultAfterTheHeadCutsTheResponse) {
  engine_.serve = [](FakeGuest& guest) {
    if (guest.slices == 1) {
      static_cast<void>(guest.host.respond(200, {}));
      guest.host.write_body("first part");
      return guest.yielded();
    }
    return guest.fault(GuestFault::Trap, "later");
  };
  start();
  const std::string heard = ask(kGet, "<end>");
  EXPECT_TRUE(heard.contains("first part")) << heard;
  EXPECT_FALSE(heard.contains("\r\n0\r\n")) << "a cut body must not look complete";
  EXPECT_EQ(counters().responses[0].value(), 1U);
}

TEST_F(CoreTest, StreamsABodyBackThroughBothQueues) {
  engine_.serve = echo;
  start();
  std::string body;
  for (int i = 0; body.size() < 600'000; ++i) body += fmt::format("{:08}", i);
  const io::UniqueFd client = connect();
  say(client,
      fmt::format("POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()));
  std::string heard;
  std::string_view rest = body;
  for (int turn = 0; turn < 200'000 && !heard.ends_with("0\r\n\r\n"); ++turn) {
    if (!rest.empty()) {
      rest.remove_prefix(io::send(client.get(), std::span(rest)).bytes);
    }
    turns(1);
    std::array<char, 16'384> buffer{};
    const io::Transfer got = io::receive(client.get(), buffer);
    heard.append(buffer.data(), got.bytes);
  }
  const std::string decoded = body_of_chunks(heard);
  EXPECT_TRUE(decoded == body) << decoded.size();
}

constexpr std::string_view kSlowPost =
    "POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab";

TEST_F(CoreTest, BodiesThatAreOnTheirWayLeaveHalfOfThePlacesToOthers) {
  site_.limits.max_concurrent_requests = 4;
  engine_.serve = echo;
  start();
  std::vector<io::UniqueFd> slow;
  for (int i = 0; i < 6; ++i) {
    slow.push_back(connect());
    say(slow.back(), kSlowPost);
  }
  turns(5);
  EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 2U);

  // Who has said all is served at once, before those that came earlier.
  EXPECT_TRUE(ask(kGet, "\r\n\r\n").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(ask("POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nwxyz", "wxyz")
                  .starts_with("HTTP/1.1 200 "));
  // A body that is complete is as good as any, be it the last; and so in the end are all.
  while (!slow.empty()) {
    say(slow.back(), "cd");
    EXPECT_TRUE(hear_body(slow.back(), "abcd").starts_with("HTTP/1.1 200 "));
    slow.pop_back();
  }
}

TEST_F(CoreTest, OfTooManyBodiesThatAreOnTheirWayTheSlowestIsEnded) {
  site_.limits.max_concurrent_requests = 2;
  site_.limits.queue_max = 1;
  engine_.serve = echo;
  start();
  std::vector<io::UniqueFd> slow;
  for (int i = 0; i < 5; ++i) {  // One runs, three may wait.
    slow.push_back(connect());
    say(slow.back(), kSlowPost);
  }
  EXPECT_TRUE(hear_body(slow[1], "<end>").starts_with("HTTP/1.1 408 "));
  for (const int i : {0, 2, 3, 4}) {
    say(slow[i], "cd");
    EXPECT_TRUE(hear_body(slow[i], "abcd").starts_with("HTTP/1.1 200 ")) << i;
  }
}

TEST_F(CoreTest, AGuestIsNotLateWhileItsClientIsStillSending) {
  site_.limits.head_timeout = std::chrono::milliseconds(1);
  engine_.serve = [](FakeGuest& guest) {
    for (std::string_view bytes;;) {
      const cage::BodyRead read = guest.host.read_body(16, &bytes);
      if (read == cage::BodyRead::Pending) return guest.pending();
      if (read == cage::BodyRead::End) return guest.answer("all of it");
    }
  };
  start();
  const io::UniqueFd client = connect();
  say(client, kSlowPost);

  // Each waits for the time to be up, which begins anew.
  for (int i = 0; i < 10; ++i) core_->turn(io::Reactor::Wait::UntilEvent);
  say(client, "cd");

  EXPECT_TRUE(hear_body(client, "all of it").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(take_events<CageFaulted>().empty());
}

TEST_F(CoreTest, AGuestThatDoesNotReadWhatItsClientSendsIsLate) {
  site_.limits.head_timeout = std::chrono::milliseconds(1);
  engine_.serve = [](FakeGuest& guest) { return guest.pending(); };
  start();
  const io::UniqueFd client = connect();
  say(client, kSlowPost);

  std::vector<CageFaulted> faults;
  while (faults.empty()) {
    core_->turn(io::Reactor::Wait::UntilEvent);
    faults = take_events<CageFaulted>();
  }
  EXPECT_TRUE(hear_body(client, "\n").starts_with("HTTP/1.1 504 "));
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].kind, FaultKind::Wall);
}

// Writes as much as is taken, for ever.
cage::Guest::Slice pour(FakeGuest& guest) {
  if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
  const std::uint64_t window = guest.host.body_window();
  if (window == cage::GuestHost::kClientGone) return guest.idle();
  guest.host.write_body(std::string(window, 'x'));
  return guest.host.body_window() == 0 ? guest.pending() : guest.yielded();
}

TEST_F(CoreTest, ResponsesThatNobodyTakesMakeRoomWhenAllPlacesAreTaken) {
  site_.limits.max_concurrent_requests = 2;
  site_.limits.stalled_after = std::chrono::milliseconds(1);
  engine_.serve = [](FakeGuest& guest) {
    return guest.request.path_with_query == "/site/pour" ? pour(guest) : guest.answer("hello");
  };
  start();
  const auto in_flight = [this] { return table_->sites[0]->cages[0].counters->in_flight.value(); };
  const io::UniqueFd lone = connect();
  say(lone, "GET /site/pour HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const auto end = io::now() + std::chrono::milliseconds(5); io::now() < end;) turns(1);
  EXPECT_EQ(in_flight(), 1U) << "there is room: nobody has to go";

  const io::UniqueFd second = connect();
  say(second, "GET /site/pour HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(ask(kGet, "hello").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(hear(lone, [](const std::string&) { return false; }).ends_with("<end>"))
      << "the one that has waited for longest";
}

TEST_F(CoreTest, ABodyThatFillsItsBufferWaitsForAPlaceLikeAnyOther) {
  site_.limits.max_concurrent_requests = 2;
  engine_.serve = echo;
  start();
  const io::UniqueFd slow = connect();
  say(slow, kSlowPost);
  const io::UniqueFd large = connect();
  const std::string most(settings_.http.request_buffer.count, 'x');
  say(large, fmt::format("POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}",
                         most.size() + 1, most));
  turns(5);
  EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 2U);
}

TEST_F(CoreTest, ABodyThatIsTakenWhileTheGuestAnswersIsReadToItsEnd) {
  std::uint64_t read = 0;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    std::string_view bytes;
    while (true) {
      switch (guest.host.read_body(1U << 20U, &bytes)) {
        case cage::BodyRead::Bytes:
          read += bytes.size();
          guest.host.write_body("x");
          continue;
        case cage::BodyRead::Pending:
          return guest.pending();
        case cage::BodyRead::End:
          guest.host.write_body("end");
          guest.host.finish_body({});
          return guest.idle();
        case cage::BodyRead::Failed:
          return guest.fault(GuestFault::Trap, "the body failed");
      }
    }
  };
  start();
  const io::UniqueFd client = connect();
  // All of it is in the kernel before the server looks: no later event helps it to go on.
  const std::string request = "POST /site/ HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" +
                              std::string(300'000, 'b');
  for (std::string_view rest = request; !rest.empty();) {
    const io::Transfer sent = io::send(client.get(), std::span(rest));
    if (sent.status != io::Transfer::Status::Done) turns(1);
    rest.remove_prefix(sent.bytes);
  }
  const std::string heard = hear_body(client, "0\r\n\r\n");
  EXPECT_TRUE(heard.contains("end")) << heard.size();
  EXPECT_EQ(read, 300'000U);
}

TEST_F(CoreTest, AClientThatReadsNothingStopsItsGuest) {
  std::uint64_t written = 0;
  engine_.serve = [&](FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    while (guest.host.body_window() >= 1'000) {
      guest.host.write_body(std::string(1'000, 'x'));
      written += 1'000;
      if (written > 100'000'000) break;
    }
    return guest.pending();
  };
  start();
  const io::UniqueFd client = connect();
  say(client, kGet);
  turns(2'000);
  const std::uint64_t before = written;
  turns(2'000);
  EXPECT_EQ(written, before);
  EXPECT_LT(written, 32'000'000U);  // What the kernel's buffers of both ends take, and ours.
}

TEST_F(CoreTest, AClientThatGoesAwayEndsItsGuestWithoutAFault) {
  engine_.serve = [](FakeGuest& guest) {
    return guest.host.body_window() == cage::GuestHost::kClientGone ? guest.idle()
                                                                    : guest.pending();
  };
  start();
  io::UniqueFd client = connect();
  say(client, kGet);
  turns(5);
  EXPECT_EQ(engine_.alive, 1);
  io::reset_on_close(client.get());
  client.reset();
  turns(20);
  EXPECT_TRUE(take_events<CageFaulted>().empty());
  EXPECT_EQ(state_of(0), CageState::Running);
  EXPECT_EQ(table_->sites[0]->cages[0].counters->in_flight.value(), 0U);
}

}  // namespace
}  // namespace pear::data
