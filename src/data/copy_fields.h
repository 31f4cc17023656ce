// copy_fields: fields of somebody else's memory, made one's own.
//
// Thread: core-local, as the arena.
#pragma once

#include <optional>
#include <span>

#include "base/arena.h"
#include "http/field.h"

namespace pear::data {

// Nothing when the arena's limit is met.
[[nodiscard]] inline std::optional<std::span<http::Field>> copy_fields(
    base::Arena& arena, std::span<const http::Field> fields) {
  const auto copies = arena.make_array<http::Field>(fields.size());
  if (!copies) return std::nullopt;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto name = arena.copy(fields[i].name);
    const auto value = arena.copy(fields[i].value);
    if (!name || !value) return std::nullopt;
    (*copies)[i] = {.name = *name, .value = *value};
  }
  return copies;
}

}  // namespace pear::data
