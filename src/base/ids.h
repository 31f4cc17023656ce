// Strong ids: numbers that cannot be mistaken for one another.
#pragma once

#include <cstdint>

namespace pear {

// The place of a core thread, 0 to cores - 1.
enum class CoreId : std::uint16_t {};
// The place of a site in the site table in force, stable across reloads for a site of the same
// name.
enum class SiteId : std::uint32_t {};
// The place of a cage, unique in the process, never reused.
enum class CageId : std::uint32_t {};
// Counts the lives of one cage: each spawn and each recover is a new one.
enum class Incarnation : std::uint64_t {};
// Unique in the process; shown to clients and in the log.
enum class ExchangeId : std::uint64_t {};

}  // namespace pear
