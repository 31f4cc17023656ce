// kCacheLine: how far apart two variables must lie so that their writers do not disturb each other.
//
// A constant of ours: std::hardware_destructive_interference_size may differ between two files that
// were compiled with different flags.
#pragma once

#include <cstddef>

namespace pear::base {

inline constexpr std::size_t kCacheLine = 64;

}  // namespace pear::base
