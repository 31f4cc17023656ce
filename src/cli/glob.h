// Glob: whether a path is one of those that `build.watch` names.
//
//   *    any characters but '/'        **   any characters, '/' too; "src/**" is all below src/
//   ?    one character but '/'         "**/" at the start may also be nothing
// A path component that begins with '.' is named by a pattern that writes the dot, never by a
// wildcard.
//
// Thread: any (pure). Time: at most the product of the lengths.
#pragma once

#include <string_view>

namespace pear::cli {

[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view path);

}  // namespace pear::cli
