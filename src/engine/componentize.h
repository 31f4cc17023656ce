// componentize: a core module, as clang and its like make it, wrapped into a component.
//
// Thread: any. Takes milliseconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "engine/bytes_view.h"
#include "engine/outcome.h"

namespace pear::engine {

// `core_module` is a reactor (clang --target=wasm32-wasi -mexec-model=reactor); `wit_dir` a folder
// with a WIT package that has the world `world`. Imports of WASI preview 1 are adapted.
[[nodiscard]] Outcome<OwnedBytes> componentize(std::span<const std::uint8_t> core_module,
                                               const std::filesystem::path& wit_dir,
                                               std::string_view world);

}  // namespace pear::engine
