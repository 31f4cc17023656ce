#include "config/value.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace pear::config {
namespace {

std::string text_to_toml(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

// NOLINTBEGIN(misc-no-recursion): as deep as toml_text.h lets a text be.
std::string array_to_toml(const Array& array) {
  std::string out = "[";
  for (const Value& item : array) {
    if (out.size() > 1) out += ", ";
    out += to_toml(item);
  }
  return out + "]";
}

std::string table_to_toml(const Table& table) {
  std::string out = "{";
  for (const Entry& entry : table) {
    out += out.size() > 1 ? ", " : " ";
    out += is_bare_key(entry.key) ? entry.key : text_to_toml(entry.key);
    out += " = ";
    out += to_toml(entry.value);
  }
  return out + (out.size() > 1 ? " }" : "}");
}

// NOLINTEND(misc-no-recursion)

}  // namespace

std::string_view kind_of(const Value& value) {
  if (value.get<bool>() != nullptr) return "true or false";
  if (value.get<std::int64_t>() != nullptr) return "a number";
  if (value.get<std::string>() != nullptr) return "a text";
  if (value.get<Array>() != nullptr) return "a list";
  if (value.get<Table>() != nullptr) return "a table";
  if (const auto* other = value.get<OtherKind>()) return other->kind;
  return "nothing";
}

// NOLINTNEXTLINE(misc-no-recursion)
std::string to_toml(const Value& value) {
  if (const auto* flag = value.get<bool>()) return *flag ? "true" : "false";
  if (const auto* number = value.get<std::int64_t>()) return fmt::format("{}", *number);
  if (const auto* text = value.get<std::string>()) return text_to_toml(*text);
  if (const auto* array = value.get<Array>()) return array_to_toml(*array);
  if (const auto* table = value.get<Table>()) return table_to_toml(*table);
  PEAR_ASSERT(value.get<OtherKind>() == nullptr, "no setting holds a value of another kind");
  return {};
}

const Value* find(const Table& table, std::string_view key) {
  const auto found = std::ranges::find(table, key, &Entry::key);
  return found == table.end() ? nullptr : &found->value;
}

}  // namespace pear::config
