// Environment: the settings that pear.toml gives a site ([site.NAME.permissions] environment).
//
// Thread: a guest has one. Memory: read once and kept for the life of the instance.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pear/abi.h"
#include "pear/parameters.h"

namespace pear {

[[nodiscard]] inline const Parameters& environment() {
  static constinit std::optional<Parameters> kept;
  if (!kept) {
    kept.emplace();
    abi::ListOf pairs;
    abi::pear_environment(&pairs);
    const auto* pair = static_cast<const abi::Field*>(pairs.data);
    for (std::uint32_t i = 0; i < pairs.size; ++i) {
      kept->append(pair[i].name.view(), pair[i].value.view());
    }
  }
  return *kept;
}

// The value of one variable.
[[nodiscard]] inline std::optional<std::string_view> environment(std::string_view name) {
  return environment().get(name);
}

}  // namespace pear
