// Value: a piece of configuration as it was written, with its place in the text.
//
// The neutral form between TOML, `--set`, the environment and the schema, so that the TOML library
// stays inside toml_text.cc.
//
// Thread: values.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pear::config {

// Where something stands in a file, counted from 1. Line 0: not in a file.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

struct Value;
struct Entry;
using Array = std::vector<Value>;
using Table = std::vector<Entry>;  // In the order of the text.

// What no key takes: a fraction, a date. `kind` says which, with its article.
struct OtherKind {
  std::string_view kind;
};

// NOLINTBEGIN(misc-no-recursion): values nest as deep as the parser lets them, 256.
struct Value {
  std::variant<std::monostate, bool, std::int64_t, std::string, Array, Table, OtherKind> content;
  Position at;

  template <typename T>
  [[nodiscard]] const T* get() const {
    return std::get_if<T>(&content);
  }
};

struct Entry {
  std::string key;
  Position at;
  Value value;
};
// NOLINTEND(misc-no-recursion)

// "a text", "a number", "a list" …: for messages.
[[nodiscard]] std::string_view kind_of(const Value& value);

// The value as TOML, on one line. Nothing for an empty (monostate) value.
[[nodiscard]] std::string to_toml(const Value& value);

// The entry of that name; null when there is none.
[[nodiscard]] const Value* find(const Table& table, std::string_view key);

}  // namespace pear::config
