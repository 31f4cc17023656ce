// RoutePath: the grammar of the paths of routes: exact "/a/b", one segment "/a/:id", any rest
// "/a/...".
//
// Source: the HTTP trigger of Spin (manifest version 2).
// Thread: any (pure).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pear::config {

inline constexpr std::size_t kRoutePathBytesMax = 2'048;

// What is wrong with `path`; nothing when it fits the grammar.
[[nodiscard]] std::optional<std::string> problem_in_route_path(std::string_view path);

// `path`, which fits the grammar, in the form in which those of requests are compared with it
// (base/uri_path.h).
[[nodiscard]] std::string normal_route_path(std::string_view path);

// `path` with the names of its parameters left out. Two paths match the same requests exactly when
// their patterns are equal.
[[nodiscard]] std::string route_pattern(std::string_view path);

}  // namespace pear::config
