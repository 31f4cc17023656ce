#include "engine/image_cache.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

namespace fs = std::filesystem;

class Cache : public testing::Test {
 protected:
  // Gets an image from a cache that is opened anew, and checks that it runs.
  ImageCache::Source get(const std::string& guest = "hello") {
    ImageCache cache(test_engine(), folder_, bytes_max_);
    compiles_ = 0;
    auto loaded = cache.get_or_compile(guest_component(guest), guest, [&] { ++compiles_; });
    problem_ = cache.problem();
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error());
    if (!loaded) return {};
    EXPECT_EQ(compiles_, loaded->source == ImageCache::Source::Compiled ? 1 : 0);
    EXPECT_EQ(loaded->image->digest(), digest_of(guest_component(guest)));
    Guest running(loaded->image);
    EXPECT_EQ(running.run(), PollStep::Idle) << running.instance.fault_text();
    return loaded->source;
  }

  [[nodiscard]] std::vector<fs::path> images() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ".image") found.push_back(entry.path());
    }
    return found;
  }
  [[nodiscard]] fs::path image() const {
    const auto found = images();
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? fs::path() : found.front();
  }

  static void change(const fs::path& file, std::int64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char old = static_cast<char>(stream.get());
    stream.seekp(at);
    stream.put(static_cast<char>(old ^ 1));
  }

  base::TemporaryFolder parent_;
  // Not there yet: the cache makes it.
  fs::path folder_ = parent_.path() / "cache";
  Bytes bytes_max_ = ImageCache::kBytesMax;
  int compiles_ = 0;
  std::string problem_;
};

using Source = ImageCache::Source;

TEST_F(Cache, CompilesOnceAndReadsThen) {
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_EQ(get(), Source::Disk);
  EXPECT_EQ(problem_, "");
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(folder_ / "key").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Cache, KeepsEachComponentApart) {
  EXPECT_EQ(get("hello"), Source::Compiled);
  EXPECT_EQ(get("probe_faults"), Source::Compiled);
  EXPECT_EQ(get("hello"), Source::Disk);
}

TEST_F(Cache, NeverTrustsAFileWithOneChangedBit) {
  get();
  const auto size = static_cast<std::int64_t>(fs::file_size(image()));
  for (const std::int64_t at : {std::int64_t{0}, size / 2, size - 41, size - 40, size - 1}) {
    change(image(), at);
    EXPECT_EQ(get(), Source::Compiled) << "a bit at " << at;
    EXPECT_EQ(get(), Source::Disk);
  }
}

TEST_F(Cache, NeverTrustsAFileThatIsCutOrEmptyOrLonger) {
  get();
  const auto size = fs::file_size(image());
  for (const auto length : {std::uintmax_t{0}, std::uintmax_t{39}, size / 2, size - 1, size + 1}) {
    fs::resize_file(image(), length);
    EXPECT_EQ(get(), Source::Compiled) << "length " << length;
  }
}

TEST_F(Cache, NeverTrustsOneImageInThePlaceOfAnother) {
  get("hello");
  const fs::path hello = image();
  get("probe_faults");
  for (const fs::path& other : images()) {
    if (other != hello) fs::copy_file(other, hello, fs::copy_options::overwrite_existing);
  }
  EXPECT_EQ(get("hello"), Source::Compiled);
}

TEST_F(Cache, NeverTrustsFilesOfAnotherKey) {
  get();
  const fs::path other = parent_.path() / "other";
  ImageCache cache(test_engine(), other);
  ASSERT_TRUE(cache.get_or_compile(guest_component("hello"), "", nullptr));
  fs::copy_file(other / image().filename(), image(), fs::copy_options::overwrite_existing);
  EXPECT_EQ(get(), Source::Compiled);
}

TEST_F(Cache, WithoutItsKeyStartsAnew) {
  get();
  fs::remove(folder_ / "key");
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_EQ(get(), Source::Disk);
}

TEST_F(Cache, ReplacesAKeyThatOthersMayRead) {
  get();
  fs::permissions(folder_ / "key", fs::perms::owner_all | fs::perms::others_read);
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_EQ(get(), Source::Disk);
}

TEST_F(Cache, NeverTrustsALinkOrAFileThatOthersMayWrite) {
  get();
  const fs::path elsewhere = folder_ / "elsewhere";
  const fs::path made = image();
  fs::rename(made, elsewhere);
  fs::create_symlink(elsewhere, made);
  EXPECT_EQ(get(), Source::Compiled);
  fs::permissions(image(), fs::perms::owner_read | fs::perms::others_write);
  EXPECT_EQ(get(), Source::Compiled);
}

TEST_F(Cache, IsNotUsedInAFolderThatOthersMayEnter) {
  fs::create_directories(folder_);
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_read);
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_EQ(problem_, "compiled components are not kept: " + folder_.string() +
                          " is open to other users: chmod 700 it");
  EXPECT_EQ(get(), Source::Compiled);
}

TEST_F(Cache, IsNotUsedThroughALink) {
  const fs::path real = parent_.path() / "real";
  fs::create_directories(real);
  fs::permissions(real, fs::perms::owner_all);
  fs::create_directory_symlink(real, folder_);
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_TRUE(problem_.starts_with("compiled components are not kept: ")) << problem_;
}

TEST_F(Cache, IsNotNeeded) {
  std::ofstream(folder_) << "a file, not a folder";
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_NE(problem_, "");
  folder_ = "/proc/no/such/folder";
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_NE(problem_, "");
  folder_ = "";
  EXPECT_EQ(get(), Source::Compiled);
  EXPECT_EQ(problem_, "");
}

TEST_F(Cache, ForgetsWhatWasUnusedLongestWhenItIsFull) {
  get("hello");
  const fs::path hello = image();
  get("probe_fields");
  const auto both = images();
  ASSERT_EQ(both.size(), 2U);
  const auto other = both[0] == hello ? both[1] : both[0];
  // The second was used long ago.
  fs::last_write_time(other, fs::last_write_time(hello) - std::chrono::hours(24));
  // Room for two and a little; the third is not larger than what was unused longest.
  bytes_max_ = {fs::file_size(hello) + fs::file_size(other) + 1'000};
  EXPECT_EQ(get("probe_faults"), Source::Compiled);
  EXPECT_FALSE(fs::exists(other));
  EXPECT_TRUE(fs::exists(hello));
}

TEST_F(Cache, SaysWhyAComponentCannotBeCompiled) {
  ImageCache cache(test_engine(), folder_);
  const std::array<std::uint8_t, 4> nonsense{1, 2, 3, 4};
  const auto loaded = cache.get_or_compile(nonsense, "", nullptr);
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().starts_with("this is not WebAssembly"));
}

}  // namespace
}  // namespace pear::engine
