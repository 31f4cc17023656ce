#include "config/toml_text.h"

#include <algorithm>
#include <cstddef>

// The library asserts what a text may break ("[!]"), and in an optimised build tells the compiler
// to assume it. Both are switched off: behind each stands a branch that reports the error.
#pragma push_macro("NDEBUG")
#undef NDEBUG
// NOLINTBEGIN(readability-identifier-naming): the library's names.
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
// NOLINTEND(readability-identifier-naming)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "config/load.h"

namespace pear::config {
namespace {

constexpr std::size_t kDotsMax = 32;  // Outside texts, on one line.

// Walks over texts and comments, so that only the dots of keys (and fractions) are counted.
class DotCounter {
 public:
  // The line on which a dotted key is too long; 0 when there is none.
  std::uint32_t first_bad_line(std::string_view text) {
    std::uint32_t line = 1;
    std::size_t dots = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') {
        ++line;
        dots = 0;
        end_line();
        continue;
      }
      if (quote_ != 0) {
        i += inside(text.substr(i));
      } else if (!comment_) {
        i += outside(text.substr(i), &dots);
      }
      if (dots > kDotsMax) return line;
    }
    return 0;
  }

 private:
  // Both return how many characters more than one were read.
  std::size_t inside(std::string_view rest) {
    if (rest[0] == '\\' && quote_ == '"') return rest.size() > 1 && rest[1] != '\n' ? 1 : 0;
    if (rest[0] != quote_) return 0;
    if (!multi_line_) {
      quote_ = 0;
      return 0;
    }
    if (!rest.starts_with(std::string(3, quote_))) return 0;
    // Up to two quotes may stand right before the three that end the text.
    std::size_t run = rest.find_first_not_of(quote_);
    run = std::min<std::size_t>(std::min(run, rest.size()), 5);
    quote_ = 0;
    return run - 1;
  }

  std::size_t outside(std::string_view rest, std::size_t* dots) {
    const char c = rest[0];
    if (c == '#') comment_ = true;
    if (c == '.') ++*dots;
    if (c != '"' && c != '\'') return 0;
    quote_ = c;
    multi_line_ = rest.starts_with(std::string(3, c));
    return multi_line_ ? 2 : 0;
  }

  void end_line() {
    comment_ = false;
    if (!multi_line_) quote_ = 0;
  }

  char quote_ = 0;  // Of the text that we are in; 0 outside.
  bool multi_line_ = false;
  bool comment_ = false;
};

Position to_position(const toml::source_region& region) {
  return {.line = region.begin.line, .column = region.begin.column};
}

Value to_value(const toml::node& node);

Table to_table(const toml::table& from) {
  Table table;
  table.reserve(from.size());
  for (const auto& [key, node] : from) {
    table.push_back(
        {.key = std::string(key.str()), .at = to_position(key.source()), .value = to_value(node)});
  }
  std::ranges::sort(table, [](const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.key < b.key;
  });
  return table;
}

Value to_value(const toml::node& node) {
  Value value;
  value.at = to_position(node.source());
  if (const auto* text = node.as_string()) {
    value.content = text->get();
  } else if (const auto* number = node.as_integer()) {
    value.content = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.content = flag->get();
  } else if (const auto* table = node.as_table()) {
    value.content = to_table(*table);
  } else if (const auto* array = node.as_array()) {
    Array items;
    items.reserve(array->size());
    for (const toml::node& item : *array) items.push_back(to_value(item));
    value.content = std::move(items);
  } else if (node.is_floating_point()) {
    value.content = OtherKind{"a fraction"};
  } else {
    value.content = OtherKind{"a date or time"};
  }
  return value;
}

}  // namespace

std::expected<Table, SyntaxProblem> parse_toml(std::string_view text) {
  if (text.size() > kFileBytesMax) {
    return std::unexpected(SyntaxProblem{.at = {}, .what = "is larger than 1MiB"});
  }
  if (const std::uint32_t line = DotCounter().first_bad_line(text); line != 0) {
    return std::unexpected(SyntaxProblem{.at = {.line = line, .column = 1},
                                         .what = "has too many dots in one line (at most 32)"});
  }
  toml::parse_result parsed = toml::parse(text);
  if (parsed.failed()) {
    return std::unexpected(SyntaxProblem{.at = to_position(parsed.error().source()),
                                         .what = std::string(parsed.error().description())});
  }
  return to_table(parsed.table());
}

}  // namespace pear::config
