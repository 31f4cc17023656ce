// What is held for a client's requests is charged to that client, and not to the cage that answered
// them; and where it is too much the costliest ends.
#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/path_fixture.h"

namespace pear::data {
namespace {

using cage::FakeGuest;
using cage::Guest;

class ClientMemoryTest : public PathTest {
 protected:
  ClientMemoryTest() {
    site_.limits.memory = 4_MiB;
    engine_.memory_of_instance = (1_MiB).count;
    engine_.serve = [](FakeGuest& guest) {
      return guest.request.method == "POST" ? guest.pending() : pour(guest);
    };
  }

  // Answers with as many KiB as the path says: /100.
  static Guest::Slice pour(FakeGuest& guest) {
    const std::size_t all =
        std::stoul(std::string(guest.request.path_with_query.substr(1))) * 1'024;
    if (guest.slices == 1) {
      static_cast<void>(guest.host.respond(200, {}));
      guest.memory = 0;
    }
    while (guest.memory < all) {
      const std::uint64_t window = guest.host.body_window();
      if (window == cage::GuestHost::kClientGone) return guest.idle();
      if (window == 0) return guest.pending();
      const std::size_t bytes = std::min<std::uint64_t>(window, all - guest.memory);
      guest.host.write_body(std::string(bytes, 'x'));
      guest.memory += bytes;
    }
    guest.host.finish_body({});
    return guest.idle();
  }

  Client& ask_and_stand(std::string_view path, std::string_view address = "192.0.2.1") {
    Client& client = ask(path, address);
    client.stands = true;
    settle();
    return client;
  }
};

TEST_F(ClientMemoryTest, WhatAClientDoesNotTakeIsNotTheCages) {
  start();
  for (int i = 0; i < 12; ++i) {
    const Client& client = ask_and_stand("/200");
    EXPECT_TRUE(client.complete) << "the guest is done, whatever its client does";
  }
  EXPECT_EQ(cage_counters().in_flight.value(), 0U);
  EXPECT_EQ(cage_counters().memory_bytes.value(), 0U);
  EXPECT_GE(memory_->bytes(), 12U * 200 * 1'024);

  Client& other = ask("/200", "192.0.2.2");
  settle();
  EXPECT_EQ(other.body.size(), 200U * 1'024);
  clients_.clear();
  settle();
  EXPECT_EQ(memory_->bytes(), 0U);
}

TEST_F(ClientMemoryTest, TheCostliestRequestOfAClientPastItsShareEnds) {
  settings_.http.memory_per_address_max = 1_MiB;
  start();
  const Client& small = ask_and_stand("/20");
  const Client& largest = ask_and_stand("/1000");  // More than its buffer: its guest waits.
  EXPECT_FALSE(largest.over);
  std::vector<Client*> large;
  for (int i = 0; i < 2; ++i) large.push_back(&ask_and_stand("/200"));
  const Client& neighbour = ask_and_stand("/240", "192.0.2.2");
  // A body on its way counts like a response.
  Client& upload = ask("/", "192.0.2.1", true);
  settle();
  while (path_->wants_body(*upload.exchange))
    path_->body(*upload.exchange, std::string(4'096, 'u'));
  for (int i = 0; i < 20 && counters_.memory_ended.value() == 0; ++i) {
    static_cast<void>(ask_and_stand("/20"));
  }

  EXPECT_TRUE(largest.over && !largest.complete);
  EXPECT_EQ(counters_.memory_ended.value(), 1U);
  for (const Client* const client : large) EXPECT_TRUE(client->complete);
  EXPECT_TRUE(small.complete);
  EXPECT_TRUE(neighbour.complete);
  EXPECT_EQ(upload.status, 0);
}

TEST_F(ClientMemoryTest, ARequestThatEndsBeforeItsHeadIsAnswered) {
  settings_.http.memory_per_address_max = 256_KiB;
  settings_.http.request_buffer = 1_MiB;
  start();
  Client& upload = ask("/", "192.0.2.1", true);
  settle();
  path_->body(*upload.exchange, std::string(300'000, 'u'));
  settle();
  EXPECT_EQ(upload.status, 503);
  pass(std::chrono::milliseconds(150));  // Its guest has so long to notice it.
  EXPECT_EQ(memory_->bytes(), 0U);
  EXPECT_EQ(chunks_.lent(), 0U);
}

TEST_F(ClientMemoryTest, FromHalfOfItsShareOnResponsesOfAClientAreBufferedLittle) {
  settings_.http.memory_per_address_max = 1_MiB;
  start();
  for (int i = 0; i < 3; ++i) static_cast<void>(ask_and_stand("/240"));
  const std::uint64_t before = memory_->bytes();
  const Client& little = ask_and_stand("/240");
  EXPECT_FALSE(little.over);
  EXPECT_LE(memory_->bytes() - before, 3 * sizeof(BodyChunk));
  EXPECT_TRUE(ask_and_stand("/240", "192.0.2.2").complete) << "others are not concerned";
  EXPECT_EQ(counters_.memory_ended.value(), 0U);
}

TEST_F(ClientMemoryTest, PastTheServersShareTheCostliestClientPays) {
  settings_.http.memory_max = 2_MiB;
  settings_.cores = 1;
  start();
  std::vector<Client*> hogs;
  for (int i = 0; i < 4; ++i) hogs.push_back(&ask_and_stand("/240", "192.0.2.1"));
  std::vector<Client*> others;
  for (int i = 0; i < 60; ++i) {
    others.push_back(&ask_and_stand("/20", fmt::format("198.51.100.{}", i)));
  }
  EXPECT_GT(counters_.memory_ended.value(), 0U);
  for (const Client* const other : others) EXPECT_TRUE(other->complete);
  EXPECT_LE(memory_->bytes(), (2_MiB).count);
}

TEST_F(ClientMemoryTest, AnyAmountIsPossible) {
  settings_.http.memory_per_address_max = {};
  settings_.http.memory_max = {};
  start();
  for (int i = 0; i < 400; ++i) static_cast<void>(ask_and_stand("/240"));
  EXPECT_EQ(counters_.memory_ended.value(), 0U);
}

// Whatever clients do: the accounts are what is held, and no limit is passed at the end of a turn
// but by what guests still have in their hands.
TEST_F(ClientMemoryTest, TheAccountsAreWhatIsHeld) {
  settings_.http.memory_per_address_max = 1_MiB;
  settings_.http.memory_max = 3_MiB;
  settings_.cores = 1;
  start();
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int i = 0; i < 3'000 && !HasFailure(); ++i) {
    const std::string address = fmt::format("192.0.2.{}", below(6));
    switch (below(5)) {
      case 0:
        static_cast<void>(ask_and_stand(fmt::format("/{}", 1 + below(400)), address));
        break;
      case 1:
        static_cast<void>(ask("/", address, true));
        break;
      case 2:
        if (!clients_.empty()) clients_[below(clients_.size())]->leave();
        break;
      case 3:
        if (!clients_.empty()) clients_[below(clients_.size())]->take(below(300'000));
        break;
      default:
        for (const auto& client : clients_) {
          Exchange* const exchange = client->exchange;
          if (exchange == nullptr || !exchange->request.has_body) continue;
          if (path_->wants_body(*exchange)) path_->body(*exchange, std::string(below(9'000), 'u'));
        }
        break;
    }
    settle();
    std::uint64_t held = 0;
    std::uint64_t at_guests = 0;
    for (const auto& client : clients_) {
      if (client->exchange == nullptr) continue;
      held += client->exchange->bytes_held;
      at_guests += client->exchange->request_chunks_out * sizeof(BodyChunk);
    }
    EXPECT_LE(held, memory_->bytes());
    EXPECT_LE(memory_->bytes(), chunks_.lent() * sizeof(BodyChunk));
    EXPECT_LE(memory_->bytes(), settings_.http.memory_max.count + at_guests);
    EXPECT_LE(chunks_.lent() * sizeof(BodyChunk), settings_.http.memory_max.count + (2_MiB).count);
    forget_clients_that_left();
  }
  EXPECT_GT(counters_.memory_ended.value(), 0U);
  clients_.clear();
  settle();
}

}  // namespace
}  // namespace pear::data
