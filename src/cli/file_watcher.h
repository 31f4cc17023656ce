// FileWatcher: tells which files below some folders changed, through inotify(7).
//
// Folders that appear later are watched, too. Hidden folders, and node_modules, target and build,
// are not: they hold what tools write.
//
// Thread: main. Limits: kFoldersMax folders; beyond them, deeper ones are not watched, and
// complete() says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "cli/text_file.h"
#include "io/unique_fd.h"

struct inotify_event;

namespace pear::cli {

class FileWatcher {
 public:
  static constexpr std::size_t kFoldersMax = 4'096;

  [[nodiscard]] static Told<FileWatcher> open(const std::vector<std::filesystem::path>& folders);

  // Readable when something changed.
  [[nodiscard]] int fd() const { return fd_.get(); }
  // What changed since it was last asked, repeats included. Does not wait. Where too much changed
  // for the kernel to tell, the folders themselves.
  [[nodiscard]] std::vector<std::filesystem::path> take_changes();
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  explicit FileWatcher(io::UniqueFd fd) : fd_(std::move(fd)) {}

  enum class Found : std::uint8_t { AtStart, Later };
  void watch_tree(const std::filesystem::path& folder, Found found,
                  std::vector<std::filesystem::path>& changes);
  void watch_folder(const std::filesystem::path& folder);
  // One event, and the name that follows it.
  void take(const inotify_event& event, const char* name,
            std::vector<std::filesystem::path>& changes);

  io::UniqueFd fd_;
  std::vector<std::filesystem::path> roots_;
  std::map<int, std::filesystem::path> folders_;  // By watch descriptor.
  bool complete_ = true;
};

}  // namespace pear::cli
