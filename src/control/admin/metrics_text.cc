#include "control/admin/metrics_text.h"

#include <array>
#include <iterator>

#include <fmt/format.h>

namespace pear::admin {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct Bound {
  std::string_view le;
  nanoseconds value;
};

// From a healed cage (50 µs) to the longest timeout; about three in each decade.
constexpr std::array kBounds{
    Bound{"0.00005", microseconds(50)},
    Bound{"0.0001", microseconds(100)},
    Bound{"0.00025", microseconds(250)},
    Bound{"0.0005", microseconds(500)},
    Bound{"0.001", milliseconds(1)},
    Bound{"0.0025", microseconds(2'500)},
    Bound{"0.005", milliseconds(5)},
    Bound{"0.01", milliseconds(10)},
    Bound{"0.025", milliseconds(25)},
    Bound{"0.05", milliseconds(50)},
    Bound{"0.1", milliseconds(100)},
    Bound{"0.25", milliseconds(250)},
    Bound{"0.5", milliseconds(500)},
    Bound{"1", seconds(1)},
    Bound{"2.5", milliseconds(2'500)},
    Bound{"5", seconds(5)},
    Bound{"10", seconds(10)},
    Bound{"30", seconds(30)},
    Bound{"60", seconds(60)},
};

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::label(std::string_view name, std::string_view value) {
  text_.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') text_.push_back('\\');
    if (c == '\n') {
      text_.append("\\n");
    } else {
      text_.push_back(c);
    }
  }
  text_.push_back('"');
}

void MetricsText::begin(std::string_view suffix, Labels labels, std::string_view le) {
  text_.append(name_).append(suffix);
  const bool bare = labels.size() == 0 && le.empty();
  if (!bare) text_.push_back('{');
  bool first = true;
  for (const Label& each : labels) {
    if (!std::exchange(first, false)) text_.push_back(',');
    label(each.name, each.value);
  }
  if (!le.empty()) {
    if (!first) text_.push_back(',');
    label("le", le);
  }
  if (!bare) text_.push_back('}');
  text_.push_back(' ');
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
  begin("", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void MetricsText::seconds(Labels labels, nanoseconds value) {
  begin("", labels, "");
  append_seconds(value);
}

void MetricsText::append_seconds(nanoseconds value) {
  const auto count = value.count() < 0 ? 0U : static_cast<std::uint64_t>(value.count());
  fmt::format_to(std::back_inserter(text_), "{}.{:09}\n", count / 1'000'000'000U,
                 count % 1'000'000'000U);
}

void MetricsText::distribution(Labels labels, const base::Histogram::Snapshot& values) {
  for (const Bound& bound : kBounds) {
    begin("_bucket", labels, bound.le);
    fmt::format_to(std::back_inserter(text_), "{}\n", values.count_at_most(bound.value));
  }
  begin("_bucket", labels, "+Inf");
  fmt::format_to(std::back_inserter(text_), "{}\n", values.count());
  begin("_sum", labels, "");
  append_seconds(values.sum());
  begin("_count", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", values.count());
}

}  // namespace pear::admin
