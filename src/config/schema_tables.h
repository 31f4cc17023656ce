// SchemaTables: the rows of schema.h, one table a file. Inside src/config only.
//
// Thread: any (immutable).
#pragma once

#include <span>
#include <string_view>

#include "config/schema.h"

namespace pear::config {

[[nodiscard]] std::span<const Key> server_keys();
[[nodiscard]] std::span<const std::string_view> unavailable_server_keys();
[[nodiscard]] std::span<const Key> site_keys();
[[nodiscard]] std::span<const std::string_view> unavailable_site_keys();

}  // namespace pear::config
