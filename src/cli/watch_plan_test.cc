#include "cli/watch_plan.h"

#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

namespace pear::cli {
namespace {

namespace fs = std::filesystem;

config::Settings project() {
  config::Settings settings;
  settings.file = "/p/pear.toml";
  settings.sites.resize(1);
  settings.sites[0].name = "shop";
  settings.sites[0].source = "/p/out/shop.wasm";
  return settings;
}

TEST(WatchPlan, BuildsWhenASourceOfTheRecipeChanges) {
  EXPECT_EQ(reaction_to("/p/site.cc", project()), Reaction::Build);
  EXPECT_EQ(reaction_to("/p/src/a/b.h", project()), Reaction::Build);
  EXPECT_EQ(reaction_to("/p/notes.md", project()), Reaction::None);
}

TEST(WatchPlan, BuildsWhenAFileThatTheProjectNamesChanges) {
  config::Settings settings = project();
  settings.sites[0].build.workdir = "/p/js";
  settings.sites[0].build.watch = {"src/**", "package.json"};

  EXPECT_EQ(reaction_to("/p/js/src/a.mjs", settings), Reaction::Build);
  EXPECT_EQ(reaction_to("/p/js/package.json", settings), Reaction::Build);
  EXPECT_EQ(reaction_to("/p/package.json", settings), Reaction::None);
  EXPECT_EQ(reaction_to("/p/site.cc", settings), Reaction::None);
}

TEST(WatchPlan, ReloadsWhenTheComponentOrTheConfigurationChanges) {
  EXPECT_EQ(reaction_to("/p/out/shop.wasm", project()), Reaction::Reload);
  EXPECT_EQ(reaction_to("/p/pear.toml", project()), Reaction::Reload);
}

TEST(WatchPlan, NeverBuildsBecauseOfWhatABuildWrote) {
  config::Settings settings = project();
  settings.sites[0].build.watch = {"**"};

  EXPECT_EQ(reaction_to("/p/out/shop.wasm", settings), Reaction::Reload);
}

TEST(WatchPlan, WatchesABareComponentAlone) {
  config::Settings settings = project();
  settings.file.clear();
  settings.sites[0].source = "/c/hello.wasm";

  EXPECT_EQ(reaction_to("/c/hello.wasm", settings), Reaction::Reload);
  EXPECT_EQ(reaction_to("/c/site.cc", settings), Reaction::None);
  EXPECT_EQ(folders_to_watch(settings), (std::vector<fs::path>{"/c"}));
}

TEST(WatchPlan, WatchesNoFolderTwice) {
  config::Settings settings = project();
  settings.sites.push_back(settings.sites[0]);
  settings.sites[1].source = "/px/other.wasm";
  settings.sites[1].build.workdir = "/p/sub/dir";

  EXPECT_EQ(folders_to_watch(settings), (std::vector<fs::path>{"/p", "/px"}));
}

}  // namespace
}  // namespace pear::cli
