// Places and instances: a request holds them while its guest runs, and no client keeps others out
// of them, neither by standing still nor by asking for many.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/path_fixture.h"

namespace pear::data {
namespace {

using cage::BodyRead;
using cage::FakeGuest;
using cage::Guest;
using std::chrono::milliseconds;

constexpr std::string_view kHog = "192.0.2.1";
constexpr std::string_view kPoor = "198.51.100.7";

class PlacesTest : public PathTest {
 protected:
  // Four instances.
  PlacesTest() {
    site_.limits.memory = 4_MiB;
    site_.run.isolation = config::Isolation::Request;
    engine_.memory_of_instance = (1_MiB).count;
    engine_.serve = [this](FakeGuest& guest) { return serve(guest); };
  }

  Guest::Slice serve(FakeGuest& guest) {
    const std::string_view path = guest.request.path_with_query;
    if (path == "/sleep") return guest.pending();
    if (path == "/pour") return pour(guest);
    if (path == "/read") return read(guest);
    order_.emplace_back(path);
    return guest.answer("hello");
  }
  static Guest::Slice pour(FakeGuest& guest) {
    if (guest.slices == 1) static_cast<void>(guest.host.respond(200, {}));
    const std::uint64_t window = guest.host.body_window();
    if (window == cage::GuestHost::kClientGone) return guest.idle();
    if (window > 0) guest.host.write_body(std::string(window, 'x'));
    return guest.host.body_window() == 0 ? guest.pending() : guest.yielded();
  }
  static Guest::Slice read(FakeGuest& guest) {
    for (std::string_view bytes;;) {
      const BodyRead read = guest.host.read_body(1'000, &bytes);
      if (read == BodyRead::Pending) return guest.pending();
      if (read == BodyRead::Failed) return guest.idle();
      if (read == BodyRead::End) return guest.answer("hello");
    }
  }
  Client& ask_and_stand(std::string_view path, std::string_view address) {
    Client& client = ask(path, address);
    client.stands = true;
    settle();
    return client;
  }
  Client& post(std::string_view address) {
    Client& client = ask("/read", address, true);
    path_->body(*client.exchange, "x");
    settle();
    return client;
  }
  [[nodiscard]] std::uint64_t displaced() { return counters().displaced.value(); }

  std::vector<std::string> order_;  // In which requests were served.
};

TEST_F(PlacesTest, BodiesOnTheirWayLeaveHalfOfTheInstancesToOthers) {
  start();
  std::vector<Client*> slow;
  for (int i = 0; i < 30; ++i) slow.push_back(&post(kHog));
  EXPECT_EQ(engine_.alive, 2);
  const Client& other = ask("/", kPoor);
  settle();
  EXPECT_EQ(other.status, 200);

  // A body that is complete is as good as any, be it the last.
  path_->body_end(*slow.back()->exchange);
  settle();
  EXPECT_EQ(slow.back()->status, 200);
}

TEST_F(PlacesTest, WhoSendsItsBodyByTheByteMakesRoomForAnotherBody) {
  start();
  std::vector<Client*> slow;
  for (int i = 0; i < 30; ++i) slow.push_back(&post(kHog));
  Client& other = post(kPoor);
  for (int i = 0; i < 10 && other.exchange->run_time == MonotonicTime{}; ++i) {
    pass(milliseconds(300));
    for (Client* const client : slow) {
      if (client->exchange != nullptr && client->status == 0) path_->body(*client->exchange, "x");
    }
    if (displaced() > 0) break;
  }
  EXPECT_EQ(displaced(), 1U);
  path_->body_end(*other.exchange);
  settle();
  EXPECT_EQ(other.status, 200);
}

TEST_F(PlacesTest, ResponsesThatNobodyTakesMakeRoomWhereInstancesAreShort) {
  start();
  std::vector<Client*> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(&ask_and_stand("/pour", kHog));
  EXPECT_EQ(engine_.alive, 4);
  const Client& other = ask("/", kPoor);
  pass(milliseconds(990));
  EXPECT_EQ(displaced(), 0U);
  pass(milliseconds(300));
  EXPECT_EQ(other.status, 200) << "the next is who has the fewest, not who came first";
}

TEST_F(PlacesTest, ALoneClientMayHaveAll) {
  start();
  std::vector<Client*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(&ask_and_stand("/pour", kHog));
  for (int i = 0; i < 3; ++i) clients.push_back(&ask_and_stand("/sleep", kHog));
  pass(milliseconds(900));
  EXPECT_EQ(displaced(), 0U);
  clients.front()->leave();
  pass(milliseconds(900));
  for (Client* const client : clients) client->leave();
}

TEST_F(PlacesTest, TheNextInstanceIsThePoorestClients) {
  site_.limits.memory = 1_MiB;
  start();
  Client& first = ask("/sleep", kHog);
  settle();
  for (const std::string_view path : {"/hog/1", "/hog/2", "/hog/3"}) ask(path, kHog);
  settle();
  ask("/poor", kPoor);
  settle();
  first.leave();
  pass(milliseconds(150));
  // While the hog had an instance the other one came before it; now it has none either.
  EXPECT_EQ(order_.size(), 4U);
}

TEST_F(PlacesTest, NobodyKeepsMoreThanHalfOfThePlacesWhileOthersWait) {
  site_.limits.memory = 64_MiB;
  site_.limits.max_concurrent_requests = 4;
  start();
  for (int i = 0; i < 10; ++i) ask("/sleep", kHog);
  settle();
  const Client& other = ask("/", kPoor);
  pass(milliseconds(900));
  EXPECT_EQ(displaced(), 0U);
  EXPECT_EQ(other.status, 0);
  pass(milliseconds(400));
  EXPECT_EQ(displaced(), 1U);
  EXPECT_EQ(other.status, 200);
}

TEST_F(PlacesTest, NobodyFillsTheQueue) {
  site_.limits.memory = 64_MiB;
  site_.limits.max_concurrent_requests = 1;
  site_.limits.queue_max = 3;
  start();
  std::vector<Client*> hogs;
  for (int i = 0; i < 4; ++i) hogs.push_back(&ask("/sleep", kHog));
  settle();
  const Client& refused = ask("/", kHog);
  settle();
  EXPECT_EQ(refused.status, 503);

  const Client& other = ask("/", kPoor);
  settle();
  EXPECT_EQ(other.status, 0) << "it waits";
  EXPECT_EQ(hogs[3]->status, 503) << "the newest of who has most";
  for (Client* const hog : hogs) hog->leave();
  pass(milliseconds(150));
  EXPECT_EQ(other.status, 200);
}

}  // namespace
}  // namespace pear::data
