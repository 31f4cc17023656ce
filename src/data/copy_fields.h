// copy_fields: fields of somebody else's memory, made one's own.
//
// Thread: core-local, as the arena.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "http/field.h"

namespace pear::data {

// What copy_fields() takes of the arena, all of it together.
[[nodiscard]] inline std::size_t bytes_of_copies(std::span<const http::Field> fields) {
  std::size_t bytes = fields.size_bytes();
  for (const http::Field& field : fields) bytes += field.name.size() + field.value.size();
  return bytes;
}

// In one piece of the arena. Nothing when its limit is met.
[[nodiscard]] inline std::optional<std::span<http::Field>> copy_fields(
    base::Arena& arena, std::span<const http::Field> fields) {
  if (fields.empty()) return std::span<http::Field>();
  void* const room = arena.alloc(bytes_of_copies(fields), alignof(http::Field));
  if (room == nullptr) return std::nullopt;
  auto* const first = static_cast<http::Field*>(room);
  char* text = static_cast<char*>(room) + fields.size_bytes();
  const auto copy = [&text](std::string_view bytes) {
    char* const start = text;
    text = std::ranges::copy(bytes, text).out;
    return std::string_view(start, bytes.size());
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = copy(fields[i].name);
    std::construct_at(first + i, http::Field{.name = name, .value = copy(fields[i].value)});
  }
  return std::span(first, fields.size());
}

}  // namespace pear::data
