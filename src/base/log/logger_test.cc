#include "base/log/logger.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

namespace pear::log {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'795'384'862)};
constexpr std::string_view kStamp = "{\"ts\":\"2026-11-22T22:01:02.000000Z\",";

class LoggerTest : public testing::Test {
 protected:
  std::string next_line() {
    const auto line = channel_.ring().peek();
    if (!line) return "nothing";
    std::string text(*line);
    channel_.ring().consume();
    return text;
  }
  std::string stamped(std::string_view rest) { return std::string(kStamp) + std::string(rest); }

  std::unique_ptr<LogSignal> signal_ = std::move(LogSignal::open()).value();
  LogChannel channel_{16U << 10U, *signal_};
  Logger logger_{channel_, {.level = Level::Info, .core = CoreId{2}}};
};

TEST_F(LoggerTest, WritesAnAccessLineWithAllItsFields) {
  logger_.access(kNow, {.subject = {.site = "shop", .cage = CageId{7}, .exchange = ExchangeId{42}},
                        .method = "GET",
                        .host = "shop.example.com",
                        .path = "/a?b=\"c\"",
                        .status = 200,
                        .bytes_in = 10,
                        .bytes_out = 2'000,
                        .duration = std::chrono::nanoseconds(1'234'567),
                        .queue = std::chrono::microseconds(5),
                        .cpu = std::chrono::microseconds(900),
                        .client = "192.0.2.1",
                        .protocol = "h2",
                        .trace = "4bf92f3577b34da6a3ce929d0e0e4736",
                        .fault = "trap"});

  EXPECT_EQ(
      next_line(),
      stamped("\"level\":\"info\",\"event\":\"access\",\"site\":\"shop\",\"cage\":7,\"core\":2,"
              "\"id\":42,\"method\":\"GET\",\"host\":\"shop.example.com\","
              "\"path\":\"/a?b=\\\"c\\\"\",\"status\":200,\"bytes_in\":10,\"bytes_out\":2000,"
              "\"duration_us\":1234,\"queue_us\":5,\"cpu_us\":900,\"client\":\"192.0.2.1\","
              "\"protocol\":\"h2\",\"trace\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
              "\"fault\":\"trap\"}\n"));
}

TEST_F(LoggerTest, WritesAnEventWithItsOwnFields) {
  logger_.event(kNow, {.level = Level::Error, .name = "cage_lost", .subject = {.site = "shop"}},
                {{"attempts", std::uint64_t{3}}, {"kind", std::string_view("trap")}});

  EXPECT_EQ(next_line(), stamped("\"level\":\"error\",\"event\":\"cage_lost\",\"site\":\"shop\","
                                 "\"core\":2,\"attempts\":3,\"kind\":\"trap\"}\n"));
}

TEST_F(LoggerTest, LeavesOutEventsBelowItsLevel) {
  logger_.event(kNow, {.level = Level::Debug, .name = "cage_ended"});

  EXPECT_EQ(next_line(), "nothing");
}

TEST_F(LoggerTest, WritesNoAccessLinesWhenTheyAreSwitchedOff) {
  Logger quiet(channel_, {.access = false});

  quiet.access(kNow, {.status = 200});

  EXPECT_EQ(next_line(), "nothing");
}

TEST_F(LoggerTest, WritesWhatAGuestSaidAsOneLine) {
  logger_.guest(kNow, {.subject = {.site = "shop", .cage = CageId{1}},
                       .stream = GuestStream::Stderr,
                       .text = "boom\x1b[31m"});

  EXPECT_EQ(next_line(),
            stamped("\"level\":\"info\",\"event\":\"guest\",\"site\":\"shop\",\"cage\":1,"
                    "\"core\":2,\"stream\":\"stderr\",\"message\":\"boom\\u001b[31m\"}\n"));
}

TEST_F(LoggerTest, KeepsAnAccessLineWholeHoweverLongItsFieldsAre) {
  const std::string hostile(100'000, '\x01');
  logger_.access(kNow,
                 {.subject = {.site = hostile, .cage = CageId{1}, .exchange = ExchangeId{~0U}},
                  .method = hostile,
                  .host = hostile,
                  .path = hostile,
                  .status = 65'535,
                  .bytes_in = ~0U,
                  .bytes_out = ~0U,
                  .duration = std::chrono::nanoseconds::max(),
                  .client = hostile,
                  .protocol = hostile,
                  .trace = hostile,
                  .fault = hostile});

  const std::string line = next_line();
  EXPECT_LE(line.size(), kLineBytesMax);
  EXPECT_NE(line.find("\"fault\":\""), std::string::npos);
  EXPECT_TRUE(line.ends_with("\"}\n"));
}

TEST_F(LoggerTest, DropsAndCountsWhenTheChannelIsFullAndSaysSoWhenThatEnds) {
  const std::string long_text(kTextBytesMax, 'x');
  const Event event{.level = Level::Info, .name = "test", .message = long_text};
  // The first loss is told at once: a summary is short.
  while (logger_.dropped() < 5) logger_.event(kNow, event);
  std::string before;
  for (std::string line = next_line(); line != "nothing"; line = next_line()) before += line;
  EXPECT_TRUE(before.ends_with(
      stamped(R"("level":"warning","event":"log_dropped","core":2,"of":"events","lines":1})"
              "\n")))
      << before;

  logger_.event(kNow + std::chrono::seconds(1), {.level = Level::Info, .name = "after"});

  EXPECT_TRUE(next_line().ends_with(
      R"("level":"warning","event":"log_dropped","core":2,"of":"events","lines":4})"
      "\n"));
  EXPECT_NE(next_line().find("\"after\""), std::string::npos);
  EXPECT_EQ(next_line(), "nothing");
}

TEST_F(LoggerTest, ReportsDropsWithoutAnotherLine) {
  channel_.count_drop({}, {});

  logger_.report_drops(kNow);
  logger_.report_drops(kNow);

  EXPECT_NE(next_line().find("log_dropped"), std::string::npos);
  EXPECT_EQ(next_line(), "nothing");
}

TEST_F(LoggerTest, ReportsDropsOnceASecondForEachSiteAndKind) {
  const auto lines = [&] {
    std::string all;
    for (std::string line = next_line(); line != "nothing"; line = next_line()) all += line;
    return all;
  };
  const LineOwner shop{.kind = LineKind::Access, .site = SiteId{3}};
  channel_.count_drop(shop, "shop");
  logger_.report_drops(kNow);
  EXPECT_TRUE(lines().contains(R"("site":"shop","core":2,"of":"requests","lines":1})"));

  channel_.count_drop(shop, "shop");
  channel_.count_drop({.kind = LineKind::Guest, .site = SiteId{3}}, "shop");
  channel_.count_drop({.kind = LineKind::Guest, .site = SiteId{4}}, "blog");
  logger_.report_drops(kNow + std::chrono::milliseconds(999));
  EXPECT_EQ(lines(), "");
  logger_.report_drops(kNow + std::chrono::seconds(1));
  const std::string all = lines();
  EXPECT_EQ(std::ranges::count(all, '\n'), 3);
  EXPECT_TRUE(all.contains(R"("site":"shop","core":2,"of":"output","lines":1})")) << all;
  EXPECT_TRUE(all.contains(R"("site":"blog","core":2,"of":"output","lines":1})")) << all;
}

// A reader that takes a line for each that a neighbour has, while a guest writes without end.
TEST_F(LoggerTest, LosesNoRequestOfANeighbourHoweverMuchAGuestSays) {
  const std::string text(1'000, 'x');
  const Subject loud{.site = "loud", .site_id = SiteId{0}};
  const Subject good{.site = "good", .site_id = SiteId{1}};
  int loud_lines = 0;
  for (int i = 0; i < 2'000; ++i) {
    for (int said = 0; said < 20; ++said) {
      if (logger_.guest(kNow, {.subject = loud, .text = text})) ++loud_lines;
    }
    ASSERT_TRUE(logger_.access(kNow, {.subject = good, .method = "GET", .status = 200})) << i;
    ASSERT_NE(next_line(), "nothing");
    ASSERT_NE(next_line(), "nothing");
  }
  EXPECT_GT(loud_lines, 1'000) << "what is left is the guest's";
  EXPECT_TRUE(logger_.access(kNow, {.subject = loud, .status = 200})) << "its requests, too";
}

TEST_F(LoggerTest, SharesWhatALogTakesAmongSites) {
  const std::string text(500, 'x');
  std::array<int, 3> lines{};
  for (int i = 0; i < 3'000; ++i) {
    // The first says ten times as much as the others.
    for (int said = 0; said < 10; ++said) {
      for (std::uint32_t site = 0; site < 3; ++site) {
        if (said > 0 && site > 0) continue;
        const Subject subject{.site = "s", .site_id = SiteId{site}};
        if (logger_.guest(kNow, {.subject = subject, .text = text})) ++lines.at(site);
      }
    }
    static_cast<void>(next_line());
    static_cast<void>(next_line());
  }
  EXPECT_GT(lines[1], 600);
  EXPECT_GT(lines[2], 600);
  EXPECT_LT(lines[0], 3'000);
}

}  // namespace
}  // namespace pear::log
