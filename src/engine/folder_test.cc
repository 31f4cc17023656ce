// What a guest can do to a folder, and how much of what all sites share: a guest that uses it up.
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

class Folder : public testing::Test {
 protected:
  static void SetUpTestSuite() { image() = guest_image("libc_folder"); }
  static std::shared_ptr<const Image>& image() {
    static std::shared_ptr<const Image> made;
    return made;
  }

  void SetUp() override { kept_.write("data/old.txt", "an old file"); }

  std::string run(std::string_view path) {
    const std::string data = (kept_.path() / "data").string();
    const Directory directory{.host_path = lend(data),
                              .guest_path = lend(std::string_view("/data")),
                              .writable = true,
                              .quota_bytes = quota_bytes_,
                              .quota_files = quota_files_};
    Grants grants = Guest::kGrants;
    grants.directories = &directory;
    grants.directory_count = 1;
    const Share share(*test_engine(), "folder", files_max_);
    grants.share = share.raw();
    Guest guest(image(), grants);
    const PollStep step = guest.serve({.path = path});
    if (step == PollStep::Idle) return guest.host.response;
    return std::string(guest.instance.fault_text());
  }

  base::TemporaryFolder kept_;
  std::uint32_t files_max_ = 100;
  std::uint64_t quota_bytes_ = 4096;
  std::uint64_t quota_files_ = 10;
};

TEST_F(Folder, HasNoMoreFilesOpenThanItsSiteMay) {
  files_max_ = 7;
  EXPECT_EQ(run("/open_many"), "opened 7: Out of memory");
  // They came back with the instance.
  EXPECT_EQ(run("/open_many"), "opened 7: Out of memory");
}

TEST_F(Folder, ThatHoldsAFifoBlocksNobody) {
  ASSERT_EQ(mkfifo((kept_.path() / "data/fifo").c_str(), 0600), 0);
  EXPECT_EQ(run("/fifo"), "opened 0: Operation not permitted");
}

TEST_F(Folder, IsListedToItsEnd) {
  quota_files_ = 1000;
  for (int i = 0; i < 300; ++i) kept_.write("data/" + std::to_string(i), "x");
  EXPECT_EQ(run("/list"), "listed 301: done");
}

TEST_F(Folder, HoldsNoMoreFilesThanItsQuota) {
  EXPECT_EQ(run("/make_files"), "made 9: Quota exceeded");  // One was there.
  EXPECT_EQ(run("/make_files"), "made 9: Quota exceeded");
}

TEST_F(Folder, HoldsNoMoreBytesThanItsQuota) {
  EXPECT_EQ(run("/append"), "appended 4000: Quota exceeded");
  EXPECT_EQ(run("/sparse"), "truncated -1: Quota exceeded");
}

TEST_F(Folder, HasRoomAgainForWhatWasRemovedOrReplaced) {
  EXPECT_EQ(run("/fill_again"), "filled 10: done");
  EXPECT_EQ(run("/replace"), "replaced 5: done");
}

TEST_F(Folder, CountsAFileThatHasNoNameAnyMore) {
  EXPECT_EQ(run("/nameless"), "beside it 4000: Quota exceeded");
}

TEST_F(Folder, IsCopiedInManyPieces) {
  quota_bytes_ = 1'000'000;
  const std::string big(300'000, 'b');
  kept_.write("data/big", big);
  EXPECT_EQ(run("/copy"), "copied 300000: done");
  EXPECT_EQ(std::filesystem::file_size(kept_.path() / "data/copy"), big.size());
}

}  // namespace
}  // namespace pear::engine
