// Suggestion: the known word that was probably meant by one that is not known.
//
// Source: the optimal string alignment distance (insertions, deletions, changes, swapped
// neighbours), counted one row at a time.
// Thread: any (pure).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pear::config {

// The nearest of `known`, or nothing when none is near: at most one mistake for each three letters.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

}  // namespace pear::config
