#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "control/admin/fake_admin_source.h"
#include "control/admin/metrics_text.h"
#include "control/admin/resources.h"

namespace pear::admin {
namespace {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// A strict reader of the text format: what it does not understand is a failure of the test.
class Exposition {
 public:
  explicit Exposition(std::string_view text) {
    EXPECT_TRUE(text.ends_with('\n'));
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      read_line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
  }

  [[nodiscard]] double value(std::string_view name,
                             const std::map<std::string, std::string>& labels) const {
    for (const Sample& sample : samples) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
    ADD_FAILURE() << "there is no sample " << name;
    return -1;
  }

  std::vector<Sample> samples;
  std::map<std::string, std::string, std::less<>> types;

 private:
  void read_line(std::string_view line) {
    if (line.starts_with("# HELP ")) {
      family_ = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families_.insert(family_).second) << family_ << " comes twice";
      return;
    }
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      EXPECT_EQ(line.substr(7, space - 7), family_);
      types[family_] = line.substr(space + 1);
      return;
    }
    read_sample(line);
  }

  void read_sample(std::string_view line) {
    Sample sample;
    std::size_t at = 0;
    while (at < line.size() &&
           (std::isalnum(static_cast<unsigned char>(line[at])) || line[at] == '_'))
      ++at;
    sample.name = line.substr(0, at);
    EXPECT_TRUE(sample.name.starts_with(family_)) << sample.name << " lies outside of " << family_;
    if (at < line.size() && line[at] == '{') at = read_labels(line, at + 1, sample);
    ASSERT_LT(at, line.size()) << line;
    ASSERT_EQ(line[at], ' ') << line;
    const std::string_view number = line.substr(at + 1);
    const auto [stop, error] = std::from_chars(number.begin(), number.end(), sample.value);
    ASSERT_TRUE(error == std::errc{} && stop == number.end()) << line;
    std::string key = sample.name;
    for (const auto& [name, value] : sample.labels) key += "|" + name + "=" + value;
    EXPECT_TRUE(keys_.insert(key).second) << key << " comes twice";
    samples.push_back(std::move(sample));
  }

  static std::size_t read_labels(std::string_view line, std::size_t at, Sample& sample) {
    while (at < line.size() && line[at] != '}') {
      const std::size_t equals = line.find("=\"", at);
      EXPECT_NE(equals, std::string_view::npos) << line;
      const std::string name(line.substr(at, equals - at));
      std::string value;
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\') {
          ++at;
          value.push_back(line[at] == 'n' ? '\n' : line[at]);
        } else {
          value.push_back(line[at]);
        }
      }
      ++at;
      if (at < line.size() && line[at] == ',') ++at;
      EXPECT_TRUE(sample.labels.emplace(name, value).second) << line;
    }
    return at + 1;
  }

  std::string family_;
  std::set<std::string> families_;
  std::set<std::string> keys_;
};

TEST(Metrics, AreWellFormedAndAllHaveATypeAndOurPrefix) {
  FakeAdminSource source;
  source.start_all();

  const Answer answer = get_metrics(source.view());
  const Exposition exposition(answer.body);

  EXPECT_EQ(answer.content_type, kPrometheus);
  EXPECT_GT(exposition.samples.size(), 100U);
  for (const auto& [name, type] : exposition.types) {
    EXPECT_TRUE(name.starts_with("pear_")) << name;
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << name;
  }
}

TEST(Metrics, SumWhatTheCoresCounted) {
  FakeAdminSource source;
  source.start_all();
  source.metrics[0]->by_core[0]->responses[2].add(40);
  source.metrics[0]->by_core[1]->responses[2].add(2);
  source.metrics[0]->by_core[1]->faults[0].add(3);
  source.core_counters[1].connections_open.add(7);
  source.metrics[0]->by_core[0]->rate_limited[1].add(2);
  source.metrics[0]->by_core[1]->rate_limited[1].add(3);
  source.metrics[0]->by_core[1]->shed.add(4);
  source.core_counters[1].connections_refused[3].add(5);

  const Exposition exposition(get_metrics(source.view()).body);

  EXPECT_EQ(exposition.value("pear_requests_total", {{"site", "shop"}, {"code_class", "2xx"}}), 42);
  EXPECT_EQ(exposition.value("pear_faults_total", {{"site", "shop"}, {"kind", "trap"}}), 3);
  EXPECT_EQ(exposition.value("pear_connections", {{"core", "1"}}), 7);
  EXPECT_EQ(exposition.value("pear_cages", {{"site", "shop"}, {"state", "running"}}), 3);
  EXPECT_EQ(exposition.value("pear_cages", {{"site", "shop"}, {"state", "crashed"}}), 0);
  EXPECT_EQ(
      exposition.value("pear_rate_limited_total", {{"site", "shop"}, {"kind", "site_address"}}), 5);
  EXPECT_EQ(exposition.value("pear_queue_refused_total", {{"site", "shop"}, {"reason", "shed"}}),
            4);
  EXPECT_EQ(
      exposition.value("pear_connections_refused_total", {{"core", "1"}, {"kind", "proxy_header"}}),
      5);
  EXPECT_EQ(exposition.value("pear_ready", {}), 1);
  EXPECT_EQ(exposition.value("pear_uptime_seconds", {}), 90);
}

TEST(Metrics, HistogramsAreCumulativeAndEndWithTheirCount) {
  FakeAdminSource source;
  auto& heal = source.metrics[0]->by_core[0]->heal;
  heal.record(std::chrono::microseconds(70));
  heal.record(std::chrono::milliseconds(3));
  heal.record(std::chrono::minutes(2));

  const Exposition exposition(get_metrics(source.view()).body);

  double last = 0;
  int buckets = 0;
  for (const Sample& sample : exposition.samples) {
    if (sample.name != "pear_heal_seconds_bucket") continue;
    EXPECT_GE(sample.value, last);
    last = sample.value;
    ++buckets;
  }
  EXPECT_EQ(buckets, 20);
  const auto bucket = [&](std::string le) {
    return exposition.value("pear_heal_seconds_bucket", {{"site", "shop"}, {"le", std::move(le)}});
  };
  EXPECT_EQ(bucket("0.00005"), 0);
  EXPECT_EQ(bucket("0.0001"), 1);
  EXPECT_EQ(bucket("0.005"), 2);
  EXPECT_EQ(bucket("60"), 2);
  EXPECT_EQ(bucket("+Inf"), 3);
  EXPECT_EQ(exposition.value("pear_heal_seconds_count", {{"site", "shop"}}), 3);
  EXPECT_NEAR(exposition.value("pear_heal_seconds_sum", {{"site", "shop"}}), 120.00307, 1e-6);
}

TEST(Metrics, EscapeTheirLabels) {
  FakeAdminSource source("a\"b\\c\nd");

  const Exposition exposition(get_metrics(source.view()).body);

  EXPECT_EQ(exposition.value("pear_cages", {{"site", "a\"b\\c\nd"}, {"state", "running"}}), 0);
}

}  // namespace
}  // namespace pear::admin
