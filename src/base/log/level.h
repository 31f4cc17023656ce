// Level: how much a log line matters.
//
// Thread:  values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pear::log {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

// As in the field `level`: "info".
[[nodiscard]] constexpr std::string_view name(Level level) {
  constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace pear::log
