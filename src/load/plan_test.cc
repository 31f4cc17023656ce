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

TEST(Plan, GivesEachVersionTheStreamsThatItCanHave) {
  Plan plan;
  EXPECT_EQ(version_of(plan), HttpVersion::Http1);
  EXPECT_EQ(streams_of(plan), 1U);
  plan.http = HttpVersion::Http2;
  EXPECT_EQ(streams_of(plan), Plan::kStreamsOfMultiplexed);
  plan.streams = 5;
  EXPECT_EQ(streams_of(plan), 5U);
  plan.connection_use = ConnectionUse::NewForEach;
  EXPECT_EQ(streams_of(plan), 1U);
  plan = {};
  plan.target.scheme = Scheme::Https;
  EXPECT_EQ(version_of(plan), HttpVersion::Auto);
  EXPECT_EQ(streams_of(plan), Plan::kStreamsOfMultiplexed);
}

TEST(Plan, BoundsStreamsOnBothSides) {
  const auto with_streams = [](std::uint32_t streams) {
    return is_fine([streams](Plan& p) {
      p.http = HttpVersion::Http2;
      p.streams = streams;
    });
  };

  EXPECT_FALSE(with_streams(0));
  EXPECT_TRUE(with_streams(Plan::kStreamsMax));
  EXPECT_FALSE(with_streams(Plan::kStreamsMax + 1));
  EXPECT_TRUE(is_fine([](Plan& p) { p.streams = 1; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.streams = 2; })) << "HTTP/1.1";
}

TEST(Plan, ResumesOnlyWhereThereIsSomethingToResume) {
  const auto with = [](HttpVersion version, Resumption resumption, ConnectionUse use) {
    return is_fine([=](Plan& p) {
      p.target.scheme = Scheme::Https;
      p.http = version;
      p.tls.resumption = resumption;
      p.connection_use = use;
    });
  };
  using enum HttpVersion;
  using enum ConnectionUse;

  EXPECT_TRUE(with(Http1, Resumption::Tickets, NewForEach));
  EXPECT_FALSE(with(Http1, Resumption::Tickets, KeepAlive));
  EXPECT_TRUE(with(Http3, Resumption::EarlyData, NewForEach));
  EXPECT_FALSE(with(Http2, Resumption::EarlyData, NewForEach));
}

TEST(Plan, HoldsOnlyWhatIsAskedOnce) {
  EXPECT_TRUE(is_fine([](Plan& p) { p.hold = Plan::kHoldMax; }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.hold = Plan::kHoldMax + milliseconds(1); }));
  EXPECT_FALSE(is_fine([](Plan& p) { p.hold = milliseconds(0); }));
  EXPECT_FALSE(is_fine([](Plan& p) {
    p.hold = milliseconds(10);
    p.rate_per_s = 10;
  }));
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
