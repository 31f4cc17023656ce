// TomlText: TOML 1.0 to Values. The only place that knows the TOML library.
//
// The text is hostile: its size, its nesting and the length of its dotted keys are bounded before
// the library sees it, because tables are taken apart recursively.
//
// Thread: any (pure).
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/value.h"

namespace pear::config {

struct SyntaxProblem {
  Position at;
  std::string what;
};

[[nodiscard]] std::expected<Table, SyntaxProblem> parse_toml(std::string_view text);

}  // namespace pear::config
