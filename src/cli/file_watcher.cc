#include "cli/file_watcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <sys/inotify.h>
#include <unistd.h>

#include <fmt/format.h>

namespace pear::cli {

namespace {

namespace fs = std::filesystem;

// Written and closed, renamed to here, made, or gone. IN_MODIFY would tell of half a file.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;

bool is_for_tools(const fs::path& folder) {
  const std::string name = folder.filename().native();
  return name.starts_with('.') || name == "node_modules" || name == "target" || name == "build";
}

}  // namespace

Told<FileWatcher> FileWatcher::open(const std::vector<fs::path>& folders) {
  FileWatcher watcher(io::UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)));
  if (!watcher.fd_.is_open()) {
    return std::unexpected(fmt::format("cannot watch files: {} (see fs.inotify.max_user_instances)",
                                       ::strerrordesc_np(errno)));
  }
  watcher.roots_ = folders;
  std::vector<fs::path> none;
  for (const fs::path& folder : folders) watcher.watch_tree(folder, Found::AtStart, none);
  if (watcher.folders_.empty()) return std::unexpected("there is no folder to watch");
  return watcher;
}

void FileWatcher::watch_folder(const fs::path& folder) {
  if (folders_.size() >= kFoldersMax) {
    complete_ = false;
    return;
  }
  const int descriptor = ::inotify_add_watch(fd_.get(), folder.c_str(), kEvents);
  if (descriptor >= 0) {
    folders_[descriptor] = folder;
  } else if (errno == ENOSPC) {
    complete_ = false;
  }
}

// A folder that appeared may have files in it before it is watched: they count as changed.
void FileWatcher::watch_tree(const fs::path& folder, Found found, std::vector<fs::path>& changes) {
  watch_folder(folder);
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_directory(gone) || entry->is_symlink(gone)) {
      if (found == Found::Later) changes.push_back(entry->path());
    } else if (is_for_tools(entry->path())) {
      entry.disable_recursion_pending();
    } else {
      watch_folder(entry->path());
    }
  }
}

std::vector<fs::path> FileWatcher::take_changes() {
  std::vector<fs::path> changes;
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  while (true) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      take(event, buffer.data() + at + sizeof(event), changes);
      at += sizeof(event) + event.len;
    }
  }
  return changes;
}

void FileWatcher::take(const inotify_event& event, const char* name,
                       std::vector<fs::path>& changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    changes.insert(changes.end(), roots_.begin(), roots_.end());
    return;
  }
  const auto folder = folders_.find(event.wd);
  if (folder == folders_.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {
    folders_.erase(folder);
    return;
  }
  if (event.len == 0) return;
  const fs::path path = folder->second / name;
  if ((event.mask & IN_ISDIR) == 0) {
    // A file that is made but not yet written says so when it is closed.
    if ((event.mask & IN_CREATE) == 0) changes.push_back(path);
  } else if ((event.mask & (IN_CREATE | IN_MOVED_TO)) != 0 && !is_for_tools(path)) {
    watch_tree(path, Found::Later, changes);
  }
}

}  // namespace pear::cli
