// TemporaryFolder: a folder of its own for a test, removed at the end.
//
// Owner: the folder and all in it. Thread: the test's.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>

#include "base/assert.h"

namespace pear::cli {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pear-test-XXXXXX").native();
    PEAR_ASSERT(::mkdtemp(pattern.data()) != nullptr, "a test needs a folder");
    path = std::filesystem::canonical(pattern);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path path;
};

}  // namespace pear::cli
