#include "load/plan.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

using std::chrono::milliseconds;

bool is_fine(const std::function<void(Plan&)>& change) {
  Plan plan;
  change(plan);
  return problems_in(plan).empty();
}

TEST(Plan, IsFineWithItsDefaults) {
  EXPECT_TRUE(problems_in(Plan{}).empty());
}

TEST(Plan, BoundsThreadsAndConnectionsOnBothSides) {
  EXPECT_FALSE(is_fine([](Plan& p) { p.threads = 0; }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.threads = Plan::kThreadsMax; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.threads = Plan::kThreadsMax + 1; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.connections = 0; }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.connections = Plan::kConnectionsMax; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.connections = Plan::kConnectionsMax + 1; }));
  EXPECT_FALSE(is_fine([](Plan& p) {
    p.threads = 4;
    p.connections = 3;
  }));
}

TEST(Plan, BoundsTimesOnBothSides) {
  EXPECT_FALSE(is_fine([](Plan& p) { p.bound.duration = milliseconds(0); }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.bound.duration = Bound::kDurationMax; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.bound.duration = Bound::kDurationMax + milliseconds(1); }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.timeout = milliseconds(600'000); }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.timeout = milliseconds(600'001); }));
  EXPECT_FALSE(is_fine([](Plan& p) {
    p.timeline = true;
    p.bound.duration = Plan::kTimelineMax + milliseconds(1);
  }));
}

TEST(Plan, BoundsTheRateOnBothSides) {
  EXPECT_FALSE(is_fine([](Plan& p) { p.rate_per_s = 0; }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.rate_per_s = Plan::kRateMin; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.rate_per_s = Plan::kRateMin / 2; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.rate_per_s = std::numeric_limits<double>::quiet_NaN(); }));
  EXPECT_TRUE(is_fine([](Plan& p) { p.rate_per_s = Plan::kRateMax; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.rate_per_s = Plan::kRateMax + 1; }));
}

TEST(Plan, RefusesHeadersThatWouldSplitTheRequest) {
  EXPECT_TRUE(is_fine([](Plan& p) { p.headers = {{"X-A", "b c"}}; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"X-A", "b\r\nX-B: c"}}; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"X A", "b"}}; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"", "b"}}; }));
}

TEST(Plan, KeepsTheHeadersThatFrameARequestToItself) {
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"content-LENGTH", "5"}}; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"Transfer-Encoding", "chunked"}}; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.headers = {{"Connection", "close"}}; }));
}

TEST(Plan, RefusesPacesThatContradictEachOther) {
  EXPECT_FALSE(is_fine([](Plan& p) { p.replay_speed = 2; }));
  EXPECT_TRUE(is_fine([](Plan& p) {
    p.replay.resize(1);
    p.replay_speed = 2;
  }));
  EXPECT_FALSE(is_fine([](Plan& p) {
    p.replay.resize(1);
    p.replay_speed = 2;
    p.rate_per_s = 5;
  }));
  EXPECT_FALSE(is_fine([](Plan& p) {
    p.replay.resize(1);
    p.warm_up = milliseconds(1);
  }));
}

TEST(Plan, ListsAllProblemsAtOnce) {
  Plan plan;
  plan.threads = 0;
  plan.method = "GET /";
  plan.rate_per_s = -1;

  EXPECT_EQ(problems_in(plan).size(), 3U);
}

}  // namespace
}  // namespace pear::load
