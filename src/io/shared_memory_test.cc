#include "io/shared_memory.h"

#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/unique_fd.h"

namespace pear::io {
namespace {

constexpr std::size_t kBytes = 4096;

UniqueFd make_memory(off_t bytes, int seals) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(fd.get(), bytes), 0);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

TEST(SharedMemory, IsTheSameForAllThatMapItAndOutlivesThem) {
  UniqueFd fd = make_memory(kBytes, F_SEAL_SHRINK);
  const auto lasting = SharedMemory::map(fd.get(), kBytes);
  ASSERT_TRUE(lasting);
  {
    const auto passing = SharedMemory::map(fd.get(), kBytes);
    fd.reset();
    ASSERT_TRUE(passing);
    ASSERT_EQ(passing->bytes().size(), kBytes);
    EXPECT_NE(passing->bytes().data(), lasting->bytes().data());
    passing->bytes().front() = std::byte{1};
    passing->bytes().back() = std::byte{2};
  }
  EXPECT_EQ(lasting->bytes().front(), std::byte{1});
  EXPECT_EQ(lasting->bytes().back(), std::byte{2});
}

TEST(SharedMemory, IsUnmappedOnceByWhoHasItLast) {
  const UniqueFd fd = make_memory(kBytes, F_SEAL_SHRINK);
  auto first = SharedMemory::map(fd.get(), kBytes);
  ASSERT_TRUE(first);
  const std::span<std::byte> bytes = first->bytes();
  {
    const SharedMemory second = *std::move(first);
    EXPECT_TRUE(first->bytes().empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(second.bytes().data(), bytes.data());
    EXPECT_EQ(::msync(bytes.data(), kBytes, MS_ASYNC), 0);
  }
  EXPECT_EQ(::msync(bytes.data(), kBytes, MS_ASYNC), -1);
}

TEST(SharedMemory, IsLargeEnoughOrRefused) {
  EXPECT_TRUE(SharedMemory::map(make_memory(kBytes, F_SEAL_SHRINK).get(), kBytes));
  for (const std::size_t wanted : {kBytes + 1, std::size_t{0}}) {
    const auto refused = SharedMemory::map(make_memory(kBytes, F_SEAL_SHRINK).get(), wanted);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::InvalidInput);
  }
}

TEST(SharedMemory, IsRefusedWhereItMayShrink) {
  const auto refused = SharedMemory::map(make_memory(kBytes, F_SEAL_GROW).get(), kBytes);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::InvalidInput);
}

TEST(SharedMemory, IsRefusedWhereItCannotBeWritten) {
  const auto refused =
      SharedMemory::map(make_memory(kBytes, F_SEAL_SHRINK | F_SEAL_WRITE).get(), kBytes);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::OsError);
}

TEST(SharedMemory, IsNoOtherDescriptor) {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {-1, null.get()}) {
    const auto refused = SharedMemory::map(fd, kBytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::OsError);
  }
}

TEST(SharedMemory, StaysOutOfCoreDumps) {
  const UniqueFd fd = make_memory(kBytes, F_SEAL_SHRINK);
  const auto memory = SharedMemory::map(fd.get(), kBytes);
  ASSERT_TRUE(memory);

  // What the kernel says of the mapping: a line with its addresses, and later its flags; "dd" is
  // "do not dump".
  const std::string start =
      fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(memory->bytes().data()));
  std::ifstream mappings("/proc/self/smaps");
  std::string line;
  while (std::getline(mappings, line) && !line.starts_with(start)) {
  }
  while (std::getline(mappings, line) && !line.starts_with("VmFlags:")) {
  }
  EXPECT_NE(line.find(" dd"), std::string::npos) << line;
}

}  // namespace
}  // namespace pear::io
