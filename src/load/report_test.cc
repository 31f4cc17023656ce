#include "load/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pear::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Round round_of(std::uint64_t answered, microseconds cpu) {
  Round round;
  round.outcome.answered = answered;
  round.outcome.answered_in_time = answered;
  round.outcome.statuses[2] = answered;
  round.outcome.elapsed = seconds(1);
  auto histogram = std::make_unique<base::PreciseHistogram>();
  for (std::uint64_t i = 0; i < answered; ++i) histogram->record(milliseconds(2));
  round.outcome.latency = histogram->snapshot();
  round.server = ProcessUsage{.cpu = cpu, .resident = 3_MiB, .processes = 2};
  return round;
}

const Metric& metric(std::string_view key) {
  for (const Metric& candidate : metrics()) {
    if (candidate.key == key) return candidate;
  }
  ADD_FAILURE() << "no metric " << key;
  return metrics().front();
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_FALSE(median({}).has_value());
}

TEST(Report, TakesTheRatioWithinEachRoundBeforeTheMedian) {
  // The machine was slow in round 2 for both; the ratio is not touched by it.
  const Measured a{"a",
                   {round_of(100, microseconds(1)), round_of(10, microseconds(1)),
                    round_of(100, microseconds(1))}};
  const Measured b{
      "b",
      {round_of(50, microseconds(1)), round_of(5, microseconds(1)), round_of(80, microseconds(1))}};

  EXPECT_DOUBLE_EQ(*median_ratio(metric("requests_per_s"), b, a), 0.5);
}

TEST(Report, HasNoRatioAgainstNothing) {
  const Measured a{"a", {round_of(0, microseconds(0))}};
  const Measured b{"b", {round_of(5, microseconds(0))}};

  EXPECT_FALSE(median_ratio(metric("requests_per_s"), b, a).has_value());
  EXPECT_FALSE(median_ratio(metric("p50_ns"), b, a).has_value());
}

TEST(Report, DividesTheServersTimeByTheRequestsItAnswered) {
  const Measured a{"a", {round_of(100, microseconds(750))}};

  EXPECT_DOUBLE_EQ(*median_of(metric("server_cpu_us_per_request"), a), 7.5);
}

TEST(Report, SaysInTextWhatWentWrongAndHowOften) {
  Report report;
  report.targets.push_back({"http://127.0.0.1:1/", {round_of(10, microseconds(10))}});
  Outcome& outcome = report.targets[0].rounds[0].outcome;
  outcome.failures[static_cast<std::size_t>(Failure::WrongStatus)] = 2;
  outcome.add_mismatch({.index = 7,
                        .failure = Failure::WrongStatus,
                        .status = 500,
                        .expected = {.status = 200, .body = {}}});

  const std::string text = to_text(report);

  EXPECT_NE(text.find("status not expected 2"), text.npos) << text;
  EXPECT_NE(text.find("request 7: status not expected, status 500, expected 200"), text.npos);
  EXPECT_FALSE(is_clean(report));
}

TEST(Report, IsCleanOnlyWhenSomethingWasAnsweredAndNothingFailed) {
  Report report;
  report.targets.push_back({"a", {round_of(1, microseconds(0))}});
  EXPECT_TRUE(is_clean(report));

  report.targets.push_back({"b", {round_of(0, microseconds(0))}});
  EXPECT_FALSE(is_clean(report));
}

TEST(Report, ComparesTargetsInATableAgainstTheFirst) {
  Report report;
  report.targets.push_back({"http://a/", {round_of(200, microseconds(100))}});
  report.targets.push_back({"http://b/", {round_of(100, microseconds(100))}});

  const std::string text = to_text(report);

  EXPECT_NE(text.find("B/A"), text.npos) << text;
  EXPECT_NE(text.find("0.500"), text.npos) << text;
}

TEST(Report, IsJsonThatHoldsMediansRatiosAndRounds) {
  Report report;
  report.targets.push_back({"http://a/", {round_of(200, microseconds(100))}});
  report.targets.push_back({"http://b/", {round_of(100, microseconds(100))}});

  const auto json = nlohmann::json::parse(to_json(report));

  EXPECT_EQ(json["targets"][0]["median"]["requests_per_s"], 200);
  EXPECT_EQ(json["targets"][1]["ratio_to_first"]["requests_per_s"], 0.5);
  EXPECT_EQ(json["targets"][1]["rounds"][0]["statuses"]["2xx"], 100);
  EXPECT_FALSE(json["targets"][0].contains("ratio_to_first"));
}

TEST(Texts, KeepThreeDigitsThatCount) {
  EXPECT_EQ(duration_text(nanoseconds(1'234)), "1.23 us");
  EXPECT_EQ(duration_text(nanoseconds(999'499)), "999 us");
  EXPECT_EQ(duration_text(nanoseconds(999'500)), "1.00 ms");
  EXPECT_EQ(duration_text(milliseconds(12'340)), "12.3 s");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1.00 KiB");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace pear::load
