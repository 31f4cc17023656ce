// A guest that uses the C library: files, environment, printing, time, randomness, exit.
#include <array>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

class CLibrary : public testing::Test {
 protected:
  static void SetUpTestSuite() { image() = guest_image("libc_files"); }
  static std::shared_ptr<const Image>& image() {
    static std::shared_ptr<const Image> made;
    return made;
  }

  void SetUp() override {
    kept_.write("data/old.txt", "an old file");
    kept_.write("secret.txt", "a secret");
  }

  std::string run(std::string_view path, Grants grants = Guest::kGrants) {
    Guest guest(image(), grants);
    const PollStep step = guest.serve({.path = path});
    out_ = guest.host.out;
    err_ = guest.host.err;
    if (step == PollStep::Idle) return guest.host.response;
    return "fault " + std::to_string(static_cast<int>(guest.instance.fault())) + ": " +
           std::string(guest.instance.fault_text());
  }

  std::string run_with_files(std::string_view path, bool writable) {
    const std::string data = folder_ / "data";
    const Directory directory{.host_path = lend(data),
                              .guest_path = lend(std::string_view("/data")),
                              .writable = writable,
                              .quota_bytes = 1'000'000,
                              .quota_files = 1'000};
    Grants grants = Guest::kGrants;
    const Share share(*test_engine(), "libc", 100);
    grants.share = share.raw();
    grants.directories = &directory;
    grants.directory_count = 1;
    return run(path, grants);
  }

  base::TemporaryFolder kept_;
  const std::filesystem::path& folder_ = kept_.path();
  std::string out_;
  std::string err_;
};

TEST_F(CLibrary, HasTheEnvironmentThatWasGranted) {
  EXPECT_EQ(run("/env"), "unset");
  const Field colour{.name = lend(std::string_view("COLOUR")),
                     .value = lend(std::string_view("green"))};
  Grants grants = Guest::kGrants;
  grants.environment = &colour;
  grants.environment_count = 1;
  EXPECT_EQ(run("/env", grants), "green");
}

TEST_F(CLibrary, PrintsToTheLog) {
  EXPECT_EQ(run("/print"), "");
  EXPECT_EQ(out_, "printed\n");
  EXPECT_EQ(err_, "complained\n");
}

TEST_F(CLibrary, TellsTheTimeAndRandomBytes) {
  EXPECT_EQ(run("/time"), "now");
  EXPECT_EQ(run("/random"), "random");
}

TEST_F(CLibrary, ThatExitsEndsTheInstance) {
  EXPECT_TRUE(run("/exit").starts_with("fault 4: exit("));
}

TEST_F(CLibrary, FindsNoFilesUnlessTheyAreGranted) {
  EXPECT_TRUE(run("/read").starts_with("cannot read")) << run("/read");
}

TEST_F(CLibrary, ReadsAFolderThatWasGranted) {
  EXPECT_EQ(run_with_files("/read", false), "an old file");
}

TEST_F(CLibrary, WritesOnlyWhereItMay) {
  EXPECT_TRUE(run_with_files("/write", false).starts_with("cannot write"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data" / "new.txt"));
  EXPECT_EQ(run_with_files("/write", true), "written");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "data" / "new.txt"));
}

TEST_F(CLibrary, DoesNotLeaveItsFolder) {
  EXPECT_TRUE(run_with_files("/escape", true).starts_with("cannot read"));
}

TEST_F(CLibrary, AFolderThatIsGoneIsSaidInTheLog) {
  std::filesystem::remove_all(folder_ / "data");
  EXPECT_TRUE(run_with_files("/read", false).starts_with("cannot read"));
  EXPECT_TRUE(err_.starts_with("pear: the folder /data cannot be opened")) << err_;
}

}  // namespace
}  // namespace pear::engine
