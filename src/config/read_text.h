// read_text: a small text file, whatever stands in its place.
//
// Thread: any that may wait for a disk.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>

namespace pear::config {

// The whole file, or what is wrong with it: not there, not readable, a folder, a pipe, too large.
// Never waits for a writer.
[[nodiscard]] std::expected<std::string, std::string> read_text(const std::filesystem::path& path,
                                                                std::size_t bytes_max);

}  // namespace pear::config
