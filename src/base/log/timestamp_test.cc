#include "base/log/timestamp.h"

#include <string>

#include <gtest/gtest.h>

namespace pear::log {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

std::string written(Timestamp& timestamp, nanoseconds since_1970) {
  std::array<char, Timestamp::kBytes> out{};
  timestamp.write(WallTime(since_1970), out);
  return {out.data(), out.size()};
}

TEST(Timestamp, IsRfc3339InUtcWithMicroseconds) {
  Timestamp timestamp;

  EXPECT_EQ(written(timestamp, nanoseconds(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(written(timestamp, seconds(1'795'384'862) + nanoseconds(123'456'789)),
            "2026-11-22T22:01:02.123456Z");
}

TEST(Timestamp, FollowsTheSecondForthAndBack) {
  Timestamp timestamp;

  EXPECT_EQ(written(timestamp, seconds(59) + microseconds(999'999)), "1970-01-01T00:00:59.999999Z");
  EXPECT_EQ(written(timestamp, seconds(60)), "1970-01-01T00:01:00.000000Z");
  EXPECT_EQ(written(timestamp, seconds(59)), "1970-01-01T00:00:59.000000Z");
}

TEST(Timestamp, KnowsLeapDays) {
  Timestamp timestamp;

  EXPECT_EQ(written(timestamp, seconds(951'782'400)), "2000-02-29T00:00:00.000000Z");
}

TEST(Timestamp, WritesTimesBefore1970) {
  Timestamp timestamp;

  EXPECT_EQ(written(timestamp, nanoseconds(-1)), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace pear::log
