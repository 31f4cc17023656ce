#include "engine/ticker.h"

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

TEST(Ticker, TicksWhileAGuestRunsAndNotOtherwise) {
  Ticker ticker(test_engine());
  EXPECT_EQ(ticker.ticks(), 0U);

  ticker.guest_started();
  while (ticker.ticks() < 3) {
  }
  ticker.guest_stopped();

  // One tick may be under way; then it rests.
  const std::uint64_t rested = ticker.ticks();
  ticker.guest_started();
  while (ticker.ticks() < rested + 3) {
  }
  ticker.guest_stopped();
}

TEST(Ticker, KeepsTickingWhileAnyOfSeveralRuns) {
  Ticker ticker(test_engine());
  ticker.guest_started();
  ticker.guest_started();
  ticker.guest_stopped();
  const std::uint64_t before = ticker.ticks();
  while (ticker.ticks() < before + 3) {
  }
  ticker.guest_stopped();
}

TEST(Ticker, TellsItsLatenessOnce) {
  Ticker ticker(test_engine());
  ticker.guest_started();
  while (ticker.ticks() < 2) {
  }
  ticker.guest_stopped();
  EXPECT_GT(ticker.take_lateness_max().count(), 0);
}

TEST(Ticker, EndsWhileItRestsAndWhileItTicks) {
  {
    const Ticker resting(test_engine());
  }
  Ticker ticking(test_engine());
  ticking.guest_started();
}

}  // namespace
}  // namespace pear::engine
