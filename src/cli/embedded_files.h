// EmbeddedFiles: the templates and the SDK, carried in the program, so that it works without its
// repository. cmake/PearEmbed.cmake writes the definition at build time.
//
// Thread: any (immutable).
#pragma once

#include <span>
#include <string_view>

namespace pear::cli {

struct EmbeddedFile {
  std::string_view path;  // "templates/cpp/pear.toml", as in the repository.
  std::string_view content;
};

// Sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

}  // namespace pear::cli
