#include "engine/componentize.h"

#include <pear_rust.h>

namespace pear::engine {

Outcome<OwnedBytes> componentize(std::span<const std::uint8_t> core_module,
                                 const std::filesystem::path& wit_dir, std::string_view world) {
  OwnedBytes component;
  OwnedBytes error;
  if (!pear_componentize(lend(core_module), lend(wit_dir.native()), lend(world), component.out(),
                         error.out())) {
    return std::unexpected(error.text());
  }
  return component;
}

}  // namespace pear::engine
