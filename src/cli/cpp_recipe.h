// CppRecipe: how a C++ site becomes a component when its project brings no build of its own.
//
// clang++ with the flags of sdk/cpp_flags.txt and the headers of the SDK makes a core module, which
// is then wrapped into a component of the world `site` of sdk/wit.
//
// Thread: main.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/engines.h"
#include "cli/terminal.h"

namespace pear::cli {

struct CppBuild {
  std::vector<std::filesystem::path> sources;
  std::filesystem::path out;
  std::filesystem::path cache;  // Where the SDK is unpacked to.
};

// The compiler shows its own messages. The problem is a sentence for people.
[[nodiscard]] Told<void> build_cpp(const CppBuild& build, const Engines& engines,
                                   const Terminal& terminal);

// What the recipe compiles when nobody says: *.cc and *.cpp of `folder` and of its src/, sorted.
[[nodiscard]] std::vector<std::filesystem::path> cpp_sources_in(
    const std::filesystem::path& folder);

// The flags of the text of sdk/cpp_flags.txt: one a line, without comments.
[[nodiscard]] std::vector<std::string> flags_in(std::string_view text);

// The first of `candidates` that is there and can make WebAssembly with the C++ library. The
// problem says what to install.
[[nodiscard]] Told<std::string> find_cpp_compiler(std::span<const std::string> candidates);

// Writes the SDK below `cache`, where it is not there yet as it should be. The folder that holds
// include/ and wit/.
[[nodiscard]] Told<std::filesystem::path> unpack_sdk(const std::filesystem::path& cache);

}  // namespace pear::cli
