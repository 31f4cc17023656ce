#include "control/admin/json_text.h"

#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/log/json_line.h"

namespace pear::admin {

void JsonText::begin_value(std::string_view key) {
  if (!std::exchange(first_, false)) text_.push_back(',');
  if (!key.empty()) text_.append("\"").append(key).append("\":");
}

void JsonText::begin_object(std::string_view key) {
  begin_value(key);
  text_.push_back('{');
  first_ = true;
}

void JsonText::begin_array(std::string_view key) {
  begin_value(key);
  text_.push_back('[');
  first_ = true;
}

void JsonText::end(char bracket) {
  text_.push_back(bracket);
  first_ = false;
}

void JsonText::text(std::string_view key, std::string_view value) {
  begin_value(key);
  text_.push_back('"');
  // The longest that an escaped byte becomes, so that nothing is cut.
  const std::size_t start = text_.size();
  text_.resize(start + value.size() * 6);
  text_.resize(start + log::escape_json(value, std::span(text_).subspan(start)));
  text_.push_back('"');
}

void JsonText::number(std::string_view key, std::uint64_t value) {
  begin_value(key);
  fmt::format_to(std::back_inserter(text_), "{}", value);
}

void JsonText::milliseconds(std::string_view key, std::int64_t nanoseconds) {
  begin_value(key);
  const std::int64_t micros = nanoseconds / 1'000;
  fmt::format_to(std::back_inserter(text_), "{}.{:03}", micros / 1'000, micros % 1'000);
}

void JsonText::truth(std::string_view key, bool value) {
  begin_value(key);
  text_.append(value ? "true" : "false");
}

void JsonText::null(std::string_view key) {
  begin_value(key);
  text_.append("null");
}

}  // namespace pear::admin
