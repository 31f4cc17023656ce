#include "cli/new.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/embedded_files.h"
#include "cli/program.h"
#include "cli/text_file.h"

namespace pear::cli {
namespace {

namespace fs = std::filesystem;

int run(const std::vector<std::string>& arguments, CapturedTerminal& captured) {
  return run_program(arguments, captured.terminal, "", {add_new_command});
}

// All files under a folder, by their path relative to it.
std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    out[entry.path().lexically_relative(folder).native()] = read_file(entry.path()).value_or("?");
  }
  return out;
}

std::string with_name(std::string text, const std::string& name) {
  for (auto at = text.find("{{name}}"); at != std::string::npos; at = text.find("{{name}}")) {
    text.replace(at, 8, name);
  }
  return text;
}

class NewCommand : public testing::TestWithParam<const char*> {};

TEST_P(NewCommand, WritesExactlyTheFilesOfTheTemplateWithTheNameFilledIn) {
  const base::TemporaryFolder folder;
  CapturedTerminal captured;
  const fs::path target = folder.path() / "shop";

  const int code = run({"new", "shop", "--lang", GetParam(), "--dir", target.native()}, captured);

  auto expected = files_in(fs::path(PEAR_SOURCE_DIR) / "templates" / GetParam());
  for (auto& [name, content] : expected) content = with_name(content, "shop");
  EXPECT_EQ(code, 0) << captured.err();
  EXPECT_EQ(files_in(target), expected);
  EXPECT_NE(expected.at("pear.toml").find("[site.shop]"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(OfEachLanguage, NewCommand, testing::Values("cpp", "js"));

TEST(NewCommandRefusal, LeavesAFolderWithSomethingInItAlone) {
  const base::TemporaryFolder folder;
  ASSERT_TRUE(create_file(folder.path() / "shop" / "notes.txt", "mine"));
  CapturedTerminal captured;

  const int code = run({"new", "shop", "--dir", (folder.path() / "shop").native()}, captured);

  EXPECT_EQ(code, to_int(ExitCode::Usage));
  EXPECT_EQ(files_in(folder.path()),
            (std::map<std::string, std::string>{{"shop/notes.txt", "mine"}}));
  EXPECT_NE(captured.err().find("is there already, and not empty"), std::string::npos);
}

TEST(NewCommandRefusal, UsesAFolderThatIsEmpty) {
  const base::TemporaryFolder folder;
  CapturedTerminal captured;

  EXPECT_EQ(run({"new", "shop", "--dir", folder.path().native()}, captured), 0);
  EXPECT_TRUE(fs::exists(folder.path() / "pear.toml"));
}

TEST(NewCommandRefusal, RefusesNamesThatAreNone) {
  const base::TemporaryFolder folder;
  for (const char* name : {"Shop!", "../shop", "a b", "", "sh\nop", "{{name}}"}) {
    CapturedTerminal captured;
    EXPECT_EQ(run({"new", name, "--dir", (folder.path() / "x").native()}, captured),
              to_int(ExitCode::Usage))
        << name;
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(NewCommandRefusal, KnowsItsLanguages) {
  CapturedTerminal captured;

  EXPECT_EQ(run({"new", "shop", "--lang", "cobol"}, captured), to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find("cobol"), std::string::npos);
}

TEST(EmbeddedFiles, AreTheFilesOfTheRepositoryByteForByte) {
  ASSERT_FALSE(embedded_files().empty());
  EXPECT_TRUE(std::ranges::is_sorted(embedded_files(), {}, &EmbeddedFile::path));
  for (const EmbeddedFile& file : embedded_files()) {
    EXPECT_EQ(read_file(fs::path(PEAR_SOURCE_DIR) / file.path), std::string(file.content))
        << file.path;
  }
}

TEST(EmbeddedFiles, ContainWhatACppSiteIsBuiltWith) {
  for (const char* path : {"sdk/cpp_flags.txt", "sdk/include/pear/site.h", "sdk/wit/site.wit",
                           "sdk/wit/deps/http.wit"}) {
    EXPECT_TRUE(std::ranges::any_of(embedded_files(), [&](const EmbeddedFile& file) {
      return file.path == path;
    })) << path;
  }
}

}  // namespace
}  // namespace pear::cli
