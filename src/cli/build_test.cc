#include "cli/build.h"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/cpp_recipe.h"
#include "cli/fake_engines.h"
#include "cli/program.h"

namespace pear::cli {
namespace {

namespace fs = std::filesystem;

class BuildCommand : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    return run_program(arguments, captured.terminal, "",
                       {[this](Program& program) { add_build_command(program, engines); }});
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(replace_file(folder.path() / name, text));
  }
  void write_project(const std::string& more = "") {
    write("pear.toml",
          "pear_version = 1\n[server]\ncache = \"cache\"\n[site.shop]\n"
          "source = \"out/shop.wasm\"\n" +
              more);
  }
  [[nodiscard]] std::string path() const { return folder.path().native(); }

  base::TemporaryFolder folder;
  CapturedTerminal captured;
  FakeEngines fake;
  Engines engines = fake.engines();
};

TEST_F(BuildCommand, RunsTheCommandOfTheProjectInItsFolderAndCachesTheImage) {
  write_project("[site.shop.build]\ncommand = \"mkdir -p out && pwd > out/shop.wasm\"\n");

  EXPECT_EQ(run({"build", path()}), 0) << captured.err();
  EXPECT_EQ(read_file(folder.path() / "out/shop.wasm"), path() + "\n");
  EXPECT_EQ(fake.cached, std::vector{folder.path() / "out/shop.wasm"});
  EXPECT_NE(captured.err().find("✓ shop: shop.wasm ("), std::string::npos) << captured.err();
}

TEST_F(BuildCommand, TellsABuildCommandWhereThisProgramIs) {
  write_project(
      "[site.shop.build]\ncommand = 'mkdir out; test -x \"$PEAR\" && echo > out/shop.wasm'\n");

  EXPECT_EQ(run({"build", path()}), 0) << captured.err();
}

TEST_F(BuildCommand, SaysWhichCommandFailedAndHow) {
  write_project("[site.shop.build]\ncommand = \"exit 7\"\n");

  EXPECT_EQ(run({"build", path()}), to_int(ExitCode::Failure));
  EXPECT_NE(captured.err().find("error: the build command of shop ended with exit code 7\n"),
            std::string::npos)
      << captured.err();
  EXPECT_TRUE(fake.cached.empty());
}

TEST_F(BuildCommand, SaysWhenACommandMadeNothing) {
  write_project("[site.shop.build]\ncommand = \"true\"\n");

  EXPECT_EQ(run({"build", path()}), to_int(ExitCode::Failure));
  EXPECT_NE(captured.err().find("ended well, but made no"), std::string::npos) << captured.err();
}

TEST_F(BuildCommand, SaysWhyAComponentIsNoSite) {
  write("bad.wasm", "a bad one");

  EXPECT_EQ(run({"build", path() + "/bad.wasm"}), to_int(ExitCode::BadImage));
  EXPECT_NE(captured.err().find("bad.wasm: it exports no wasi:http/incoming-handler"),
            std::string::npos)
      << captured.err();
}

TEST_F(BuildCommand, AsksForABuildCommandWhereThereIsNothingToCompile) {
  write_project();

  EXPECT_EQ(run({"build", path()}), to_int(ExitCode::Failure));
  EXPECT_NE(captured.err().find("set site.shop.build.command"), std::string::npos)
      << captured.err();
}

TEST_F(BuildCommand, LeavesComponentsThatAreThereAloneWhenAsked) {
  write_project("[site.shop.build]\ncommand = \"exit 7\"\n");
  write("out/shop.wasm", "made before");

  EXPECT_EQ(run({"build", "--missing", path()}), 0) << captured.err();
  EXPECT_EQ(read_file(folder.path() / "out/shop.wasm"), "made before");
}

TEST_F(BuildCommand, WantsToKnowWhereSourcesGo) {
  EXPECT_EQ(run({"build", "--lang", "cpp", "site.cc"}), to_int(ExitCode::Usage));
  EXPECT_EQ(run({"build", "a.cc", "b.cc"}), to_int(ExitCode::Usage));
  EXPECT_EQ(run({"build", "--out", "site.wasm"}), to_int(ExitCode::Usage));
}

// With the compiler of the machine, where it has the libraries for WebAssembly.
TEST_F(BuildCommand, CompilesCppWithTheSdkThatItCarries) {
  const std::vector<std::string> candidates{"clang++-19"};
  if (!find_cpp_compiler(candidates)) GTEST_SKIP() << "no clang++-19 for wasm32 here";
  write_project();
  write("site.cc",
        "#include <pear/site.h>\n"
        "static void serve(pear::Request&, pear::Response& r) { r.text(\"hi\"); }\n"
        "PEAR_SITE(serve)\n");

  EXPECT_EQ(run({"build", path()}), 0) << captured.err();
  EXPECT_EQ(read_file(folder.path() / "out/shop.wasm"), std::string("component of \0asm", 17));
  ASSERT_EQ(fake.worlds.size(), 1U);
  EXPECT_TRUE(fs::path(fake.worlds[0]).native().ends_with("/wit/site")) << fake.worlds[0];
  EXPECT_TRUE(fs::exists(fs::path(fake.worlds[0]).parent_path() / "deps" / "http.wit"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path() / "out"), {}), 1)
      << "something beside the component stayed";
}

TEST(CppRecipe, TakesFlagsWithoutComments) {
  EXPECT_EQ(flags_in("# how\n-O2\n\n  -indented is none\n-std=c++23\n# end"),
            (std::vector<std::string>{"-O2", "-std=c++23"}));
}

TEST(CppRecipe, SaysWhatToInstallWhereThereIsNoCompiler) {
  const std::vector<std::string> candidates{"no-such-compiler"};

  const auto found = find_cpp_compiler(candidates);

  ASSERT_FALSE(found);
  EXPECT_NE(found.error().find("apt install clang-19"), std::string::npos);
}

TEST(CppRecipe, FindsSourcesInTheFolderAndItsSrcSorted) {
  const base::TemporaryFolder folder;
  for (const char* name : {"b.cc", "a.cpp", "src/c.cc", "notes.md", "deep/er/d.cc"}) {
    ASSERT_TRUE(create_file(folder.path() / name, ""));
  }

  EXPECT_EQ(
      cpp_sources_in(folder.path()),
      (std::vector{folder.path() / "a.cpp", folder.path() / "b.cc", folder.path() / "src/c.cc"}));
}

TEST(CppRecipe, RefusesAPlaceForTheSdkThatOthersMayWriteTo) {
  const base::TemporaryFolder folder;
  const auto sdk = unpack_sdk(folder.path());
  ASSERT_TRUE(sdk) << sdk.error();
  EXPECT_TRUE(fs::exists(*sdk / "include/pear/site.h"));

  fs::permissions(*sdk, fs::perms::others_write, fs::perm_options::add);

  EXPECT_FALSE(unpack_sdk(folder.path()));
}

TEST(CppRecipe, RepairsAnUnpackedSdk) {
  const base::TemporaryFolder folder;
  const auto sdk = unpack_sdk(folder.path());
  ASSERT_TRUE(sdk);
  ASSERT_TRUE(replace_file(*sdk / "include/pear/site.h", "#error damaged"));

  ASSERT_TRUE(unpack_sdk(folder.path()));

  EXPECT_EQ(read_file(*sdk / "include/pear/site.h")->find("#error damaged"), std::string::npos);
}

}  // namespace
}  // namespace pear::cli
