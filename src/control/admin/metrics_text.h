// MetricsText: writes the text format that Prometheus reads.
//
// Source:  Prometheus exposition formats, text format 0.0.4.
// Thread:  one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.h"

namespace pear::admin {

struct Label {
  std::string_view name;   // A literal.
  std::string_view value;  // Anything; escaped.
};
using Labels = std::initializer_list<Label>;

class MetricsText {
 public:
  // Begins a family: its samples follow, all of them, before the next family. `help` is a literal
  // without line ends.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

  void sample(Labels labels, std::uint64_t value);
  void seconds(Labels labels, std::chrono::nanoseconds value);
  // All the samples of one histogram, in seconds.
  void distribution(Labels labels, const base::Histogram::Snapshot& values);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void begin(std::string_view suffix, Labels labels, std::string_view le);
  void label(std::string_view name, std::string_view value);
  void append_seconds(std::chrono::nanoseconds value);

  std::string text_;
  std::string_view name_;
};

}  // namespace pear::admin
