// Outcome<T>: a value, or a sentence for people about why there is none.
//
// What the engines say about a component (which import is missing, which function does not
// validate) is text that is made when it fails, which Error (base/result.h) does not carry.
#pragma once

#include <expected>
#include <string>

namespace pear::engine {

template <typename T>
using Outcome = std::expected<T, std::string>;

}  // namespace pear::engine
