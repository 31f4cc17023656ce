// Parameters: names and values of a query, a form or a cookie header, in their order.
//
// Source: the URL Standard's application/x-www-form-urlencoded parser; RFC 6265 section 5.4 for
// cookies (names and values as they are, a pair of quotes around a value taken off).
// Thread: any. Memory: owns its text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pear/text.h"

namespace pear {

class Parameters {
 public:
  struct Pair {
    std::string_view name;  // Valid as long as the Parameters, and until it is moved.
    std::string_view value;
  };

  // "a=1&b=two+words", without the question mark. Empty pieces are skipped; a piece without `=` has
  // an empty value.
  [[nodiscard]] static Parameters from_form(std::string_view text) {
    Parameters parameters;
    parameters.text_.reserve(text.size());
    while (!text.empty()) {
      std::string_view value = take_until(text, '&');
      if (value.empty()) continue;
      const std::string_view name = take_until(value, '=');
      Span span{.name_at = parameters.text_.size()};
      append_percent_decoded(parameters.text_, name, Plus::IsSpace);
      span.value_at = parameters.text_.size();
      append_percent_decoded(parameters.text_, value, Plus::IsSpace);
      span.end = parameters.text_.size();
      parameters.spans_.push_back(span);
    }
    return parameters;
  }

  // The value of a Cookie header: "a=1; b=2". A piece without `=` is skipped.
  [[nodiscard]] static Parameters from_cookies(std::string_view text) {
    Parameters parameters;
    while (!text.empty()) {
      std::string_view value = trimmed(take_until(text, ';'));
      if (value.find('=') == std::string_view::npos) continue;
      const std::string_view name = trimmed(take_until(value, '='));
      value = trimmed(value);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      if (name.empty()) continue;
      parameters.append(name, value);
    }
    return parameters;
  }

  void append(std::string_view name, std::string_view value) {
    Span span{.name_at = text_.size()};
    text_.append(name);
    span.value_at = text_.size();
    text_.append(value);
    span.end = text_.size();
    spans_.push_back(span);
  }

  // The first value of that name.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
    for (std::size_t i = 0; i < size(); ++i) {
      if (const Pair pair = at(i); pair.name == name) return pair.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string_view get_or(std::string_view name, std::string_view otherwise) const {
    return get(name).value_or(otherwise);
  }

  [[nodiscard]] std::size_t size() const { return spans_.size(); }
  [[nodiscard]] bool empty() const { return spans_.empty(); }
  // `i` is less than size().
  [[nodiscard]] Pair at(std::size_t i) const {
    const std::string_view text = text_;
    const Span& span = spans_[i];
    return {.name = text.substr(span.name_at, span.value_at - span.name_at),
            .value = text.substr(span.value_at, span.end - span.value_at)};
  }

 private:
  struct Span {
    std::size_t name_at = 0;
    std::size_t value_at = 0;
    std::size_t end = 0;
  };

  std::string text_;  // Names and values, decoded, one after the other.
  std::vector<Span> spans_;
};

}  // namespace pear
