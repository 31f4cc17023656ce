// Text files, read and written whole: for commands, never for a server.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace pear::cli {

// A value, or a sentence for people that names the file.
template <typename T>
using Told = std::expected<T, std::string>;

inline constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 30U;  // Of a component, too.

[[nodiscard]] Told<std::string> read_file(const std::filesystem::path& path);
// Makes the folders above it. A file that is there already is a problem, and stays as it is.
[[nodiscard]] Told<void> create_file(const std::filesystem::path& path, std::string_view content);
// Writes beside `path` and renames: a reader sees the old file or the new one, never a part.
[[nodiscard]] Told<void> replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace pear::cli
