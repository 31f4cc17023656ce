#include "load/replay.h"

#include <string>

#include <gtest/gtest.h>

namespace pear::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr const char* kDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

std::string line_with(const std::string& request) {
  return "10.0.0.1 - bob [22/Nov/2025:10:00:00 +0000] \"" + request + "\" 200 12 \"-\" \"curl/8\"";
}

TEST(ReplayLine, ReadsEveryPartOfTheCombinedFormat) {
  const auto entry = parse_replay_line(
      "10.0.0.1 - bob [22/Nov/2025:10:00:01 +0000] \"GET /a?b=c HTTP/1.1\" 404 - "
      "\"http://x/\" \"curl/8.0 (linux)\"");

  ASSERT_TRUE(entry.has_value()) << entry.error().detail.view();
  EXPECT_EQ(entry->method, "GET");
  EXPECT_EQ(entry->target, "/a?b=c");
  EXPECT_EQ(entry->referrer, "http://x/");
  EXPECT_EQ(entry->user_agent, "curl/8.0 (linux)");
  EXPECT_EQ(entry->logged_status, 404);
  EXPECT_EQ(entry->expect, Expectation{});
}

TEST(ReplayLine, ReadsTheCommonFormatThatEndsAfterTheSize) {
  const auto entry =
      parse_replay_line("h - - [22/Nov/2025:10:00:01 +0000] \"POST /x HTTP/1.0\" 201 5");

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->method, "POST");
  EXPECT_EQ(entry->user_agent, "");
}

TEST(ReplayLine, ReadsWhatIsExpectedOfTheAnswer) {
  const auto entry =
      parse_replay_line(line_with("GET / HTTP/1.1") + " expect=301 sha256=" + kDigest);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->expect.status, 301);
  ASSERT_TRUE(entry->expect.body.has_value());
  EXPECT_EQ(to_hex(*entry->expect.body), kDigest);
}

TEST(ReplayLine, TakesTheTimeZoneIntoAccount) {
  const auto utc = parse_replay_line("h - - [01/Jan/2026:00:30:00 +0000] \"GET / HTTP/1.1\" 200 1");
  const auto east =
      parse_replay_line("h - - [01/Jan/2026:02:00:00 +0130] \"GET / HTTP/1.1\" 200 1");
  const auto west =
      parse_replay_line("h - - [31/Dec/2025:19:30:00 -0500] \"GET / HTTP/1.1\" 200 1");

  ASSERT_TRUE(utc && east && west);
  EXPECT_EQ(utc->logged_at, east->logged_at);
  EXPECT_EQ(utc->logged_at, west->logged_at);
}

TEST(ReplayLine, UndoesBothWaysOfEscapingAQuote) {
  const std::string head = "h - - [01/Jan/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" ";

  EXPECT_EQ(parse_replay_line(head + R"("a\"b")")->user_agent, "a\"b");
  EXPECT_EQ(parse_replay_line(head + R"("a\x22b")")->user_agent, "a\"b");
  EXPECT_EQ(parse_replay_line(head + R"("a\\b")")->user_agent, "a\\b");
}

TEST(ReplayLine, DropsAFieldThatWouldBreakTheHeadOfARequest) {
  const auto entry = parse_replay_line(
      "h - - [01/Jan/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\\x0d\\x0aX: y\"");

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->user_agent, "");
}

class ReplayLineRejects : public testing::TestWithParam<const char*> {};

TEST_P(ReplayLineRejects, RequestsThatCannotBeSent) {
  EXPECT_FALSE(parse_replay_line(line_with(GetParam())).has_value());
}

INSTANTIATE_TEST_SUITE_P(Requests, ReplayLineRejects,
                         testing::Values("-", "", "GET /", "GET / HTTP/1.1 x", "get / HTTP/1.1",
                                         "CONNECT a:1 HTTP/1.1", "GET http://x/ HTTP/1.1",
                                         "GET * HTTP/1.1", "GET /a\\x0d\\x0ab HTTP/1.1",
                                         "\\x16\\x03\\x01", "GET /\\xc3\\xa4 HTTP/1.1"));

class ReplayTimeRejects : public testing::TestWithParam<const char*> {};

TEST_P(ReplayTimeRejects, TimesThatAreNone) {
  const std::string line =
      std::string("h - - [") + GetParam() + "] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"";

  EXPECT_FALSE(parse_replay_line(line).has_value());
}

INSTANTIATE_TEST_SUITE_P(Times, ReplayTimeRejects,
                         testing::Values("", "31/Feb/2025:10:00:00 +0000",
                                         "22/Nob/2025:10:00:00 +0000", "22/Nov/2025:24:00:00 +0000",
                                         "22/Nov/2025:10:60:00 +0000", "22/Nov/2025:10:00:00 0000",
                                         "22/Nov/2025:10:00:00 +0060", "-2/Nov/2025:10:00:00 +0000",
                                         "22-Nov-2025:10:00:00 +0000"));

TEST(ReplayLine, RejectsExpectationsThatAreNone) {
  const std::string line = line_with("GET / HTTP/1.1");

  EXPECT_FALSE(parse_replay_line(line + " expect=99").has_value());
  EXPECT_FALSE(parse_replay_line(line + " expect=2000").has_value());
  EXPECT_FALSE(parse_replay_line(line + " sha256=abc").has_value());
  EXPECT_FALSE(parse_replay_line(line + " other=1").has_value());
}

TEST(ReplayLog, KeepsGoodLinesAndNamesTheOthers) {
  const std::string good = line_with("GET /1 HTTP/1.1");

  const auto log = parse_replay_log("# comment\n" + good + "\r\n\nnonsense\n" + good);

  ASSERT_TRUE(log.has_value());
  ASSERT_EQ(log->entries.size(), 2U);
  EXPECT_EQ(log->entries[0].line, 2U);
  EXPECT_EQ(log->entries[1].line, 5U);
  EXPECT_EQ(log->skipped_count, 1U);
  ASSERT_EQ(log->skipped.size(), 1U);
  EXPECT_EQ(log->skipped[0].line, 4U);
}

TEST(ReplayLog, RefusesALogWithoutAnyRequest) {
  EXPECT_FALSE(parse_replay_log("").has_value());
  EXPECT_FALSE(parse_replay_log("nonsense\n").has_value());
}

TEST(ReplayLog, RefusesALineThatIsTooLong) {
  std::string longest = line_with("GET / HTTP/1.1");
  longest += std::string(ReplayLog::kLineBytesMax - longest.size(), ' ');

  EXPECT_TRUE(parse_replay_line(longest).has_value());
  EXPECT_FALSE(parse_replay_line(longest + ' ').has_value());
}

ReplayEntry entry_at(std::int64_t second) {
  return {.logged_at = std::chrono::sys_seconds(seconds(1'700'000'000 + second))};
}

TEST(ReplayTimes, SpreadTheRequestsOfOneSecondOverIt) {
  const auto times = replay_times({entry_at(0), entry_at(0), entry_at(1)}, 1);

  EXPECT_EQ(times, (std::vector<nanoseconds>{milliseconds(0), milliseconds(500), seconds(1)}));
}

TEST(ReplayTimes, AreScaledByTheSpeed) {
  const auto times = replay_times({entry_at(0), entry_at(10)}, 5);

  EXPECT_EQ(times, (std::vector<nanoseconds>{seconds(0), seconds(2)}));
}

TEST(ReplayTimes, NeverGoBackWhereTheLogDoes) {
  const auto times = replay_times({entry_at(3), entry_at(1), entry_at(4)}, 1);

  EXPECT_EQ(times, (std::vector<nanoseconds>{seconds(0), milliseconds(500), seconds(1)}));
}

TEST(Sha256Text, ReadsBackWhatItWrites) {
  const auto digest = parse_sha256(kDigest);

  ASSERT_TRUE(digest.has_value());
  EXPECT_EQ(to_hex(*digest), kDigest);
  EXPECT_FALSE(parse_sha256(std::string(63, 'a')).has_value());
  EXPECT_FALSE(parse_sha256(std::string(63, 'a') + "g").has_value());
}

}  // namespace
}  // namespace pear::load
