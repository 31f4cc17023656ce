// The end of a core: nobody who has asked is left without an answer.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "data/core_fixture.h"
#include "io/clock.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

TEST_F(CoreTest, ADrainClosesIdleConnectionsAndFinishesTheOthers) {
  bool go = false;
  engine_.serve = [&](FakeGuest& guest) { return go ? guest.answer("hello") : guest.yielded(); };
  start();
  const io::UniqueFd idle = connect();
  const io::UniqueFd busy = connect();
  say(busy, kGet);
  turns(2);
  send(DrainCore{.deadline = io::now() + std::chrono::hours(1)});
  EXPECT_EQ(hear(idle, [](const auto&) { return false; }), "<end>");
  EXPECT_TRUE(take_events<CoreDrained>().empty());
  go = true;
  const std::string heard = hear(busy, [](const auto&) { return false; });
  EXPECT_TRUE(heard.contains("connection: close\r\n")) << heard;
  EXPECT_TRUE(heard.ends_with("hello<end>")) << heard;
  turns(2);
  EXPECT_EQ(take_events<CoreDrained>().size(), 1U);
}

}  // namespace
}  // namespace pear::data
