#include "cli/file_watcher.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace pear::cli {
namespace {

namespace fs = std::filesystem;

class WatchedFolder : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = FileWatcher::open({folder.path()});
    ASSERT_TRUE(opened) << opened.error();
    watcher.emplace(*std::move(opened));
  }

  // Inotify tells synchronously: what happened before is there to be read.
  std::vector<fs::path> changes() {
    auto found = watcher->take_changes();
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    return found;
  }
  void write(const std::string& name) { ASSERT_TRUE(replace_file(folder.path() / name, "x")); }

  base::TemporaryFolder folder;
  std::optional<FileWatcher> watcher;
};

bool contains(const std::vector<fs::path>& paths, const fs::path& path) {
  return std::ranges::find(paths, path) != paths.end();
}

TEST_F(WatchedFolder, TellsOfAFileThatWasWritten) {
  EXPECT_TRUE(changes().empty());

  ASSERT_TRUE(create_file(folder.path() / "site.cc", "int x;"));

  EXPECT_EQ(changes(), std::vector{folder.path() / "site.cc"});
  EXPECT_TRUE(changes().empty());
}

TEST_F(WatchedFolder, TellsOfAFileThatAnEditorRenamedIntoPlace) {
  write("site.cc");

  EXPECT_TRUE(contains(changes(), folder.path() / "site.cc"));
}

TEST_F(WatchedFolder, TellsOfAFileThatWasRemoved) {
  write("site.cc");
  changes();

  fs::remove(folder.path() / "site.cc");

  EXPECT_EQ(changes(), std::vector{folder.path() / "site.cc"});
}

TEST_F(WatchedFolder, WatchesFoldersThatAppearLater) {
  fs::create_directories(folder.path() / "src/deep");
  changes();

  ASSERT_TRUE(create_file(folder.path() / "src/deep/a.cc", "x"));

  EXPECT_TRUE(contains(changes(), folder.path() / "src/deep/a.cc"));
}

TEST_F(WatchedFolder, TellsOfFilesThatWereThereBeforeTheirFolderWasWatched) {
  ASSERT_TRUE(create_file(folder.path() / "src/a.cc", "x"));

  EXPECT_TRUE(contains(changes(), folder.path() / "src/a.cc"));
}

TEST_F(WatchedFolder, LeavesFoldersOfToolsAlone) {
  fs::create_directories(folder.path() / ".git");
  fs::create_directories(folder.path() / "node_modules/x");
  changes();

  ASSERT_TRUE(create_file(folder.path() / ".git/index", "x"));
  ASSERT_TRUE(create_file(folder.path() / "node_modules/x/a.js", "x"));

  EXPECT_TRUE(changes().empty());
}

TEST(FileWatcherStart, NeedsAFolder) {
  EXPECT_FALSE(FileWatcher::open({"/no/such/folder"}));
}

}  // namespace
}  // namespace pear::cli
