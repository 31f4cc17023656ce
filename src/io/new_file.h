// create_file: a file that was not there, for its owner alone.
//
// Thread: any; it may wait for the disk.
#pragma once

#include <filesystem>

#include <fcntl.h>

#include "io/unique_fd.h"

namespace pear::io {

// Not open: there is such a file, or it cannot be made.
[[nodiscard]] inline UniqueFd create_file(const std::filesystem::path& path) {
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

}  // namespace pear::io
