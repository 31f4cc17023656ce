#include "keeper/shared_memory.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

TEST(SharedMemoryOfTheKeeper, NeitherShrinksNorGrows) {
  const io::UniqueFd memory = make_shared_memory();
  ASSERT_TRUE(memory.is_open());

  EXPECT_EQ(::ftruncate(memory.get(), kSharedMemoryBytes - 1), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(memory.get(), kSharedMemoryBytes + 1), -1);
  EXPECT_EQ(errno, EPERM);
  struct stat status{};
  ASSERT_EQ(::fstat(memory.get(), &status), 0);
  EXPECT_EQ(status.st_size, static_cast<off_t>(kSharedMemoryBytes));
}

TEST(SharedMemoryOfTheKeeper, IsNotInheritedUnlessItIsHandedOver) {
  const io::UniqueFd memory = make_shared_memory();

  EXPECT_EQ(::fcntl(memory.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace pear::keeper
