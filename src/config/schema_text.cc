// Values from the command line and the environment, in the form that their key takes.
#include <algorithm>

#include <fmt/format.h>

#include "config/schema.h"
#include "config/toml_text.h"
#include "config/units.h"

namespace pear::config {
namespace {

Value text_value(std::string text) {
  return {.content = std::move(text), .at = {}};
}

// From the command line: a list in TOML, or one with commas.
Value list_from_text(std::string_view text) {
  if (text.starts_with('[') || text.starts_with('{')) {
    const auto parsed = parse_toml(fmt::format("v = {}", text));
    if (parsed && parsed->size() == 1) {
      Value value = parsed->front().value;
      value.at = {};
      return value;
    }
    return text_value(std::string(text));
  }
  Array items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    if (const auto number = parse_number(item); number && *number <= 0xFFFF'FFFF) {
      items.push_back({.content = static_cast<std::int64_t>(*number), .at = {}});
    } else {
      items.push_back(text_value(std::string(item)));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return {.content = std::move(items), .at = {}};
}

}  // namespace

Value value_from_text(const Key& key, std::string_view text) {
  if (std::holds_alternative<SwitchField>(key.field)) {
    if (text == "true" || text == "false") return {.content = text == "true", .at = {}};
  }
  if (std::holds_alternative<CountField>(key.field)) {
    const auto number = parse_number(text);
    if (number && *number <= 0xFFFF'FFFF) {
      return {.content = static_cast<std::int64_t>(*number), .at = {}};
    }
  }
  if (const auto* compound = std::get_if<CompoundField>(&key.field)) {
    if (compound->is_list || text.starts_with('{')) return list_from_text(text);
  }
  return text_value(std::string(text));
}

}  // namespace pear::config
