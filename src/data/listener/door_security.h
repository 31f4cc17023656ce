// Security: what clients of a listening socket speak first.
//
// Thread: a value.
#pragma once

#include <cstdint>

namespace pear::data::listener {

enum class Security : std::uint8_t { Plain, Tls };

}  // namespace pear::data::listener
