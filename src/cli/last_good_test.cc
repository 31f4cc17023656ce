#include "cli/last_good.h"

#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/unique_fd.h"

namespace pear::cli {
namespace {

TEST(LastGood, FindsWhatWasKeptLast) {
  const io::UniqueFd fd(::memfd_create("state", MFD_CLOEXEC));
  const LastGood state(fd.get());

  EXPECT_EQ(state.find(), std::nullopt);
  state.keep("a longer first text");
  state.keep("second");

  EXPECT_EQ(LastGood(fd.get()).find(), "second");
}

TEST(LastGood, FindsNothingWhereATextWasNotFinished) {
  const io::UniqueFd fd(::memfd_create("state", MFD_CLOEXEC));
  const LastGood state(fd.get());
  state.keep("text");

  ASSERT_EQ(::pwrite(fd.get(), "\0\0\0\0\0\0\0\0", 8, 0), 8);

  EXPECT_EQ(state.find(), std::nullopt);
}

TEST(LastGood, FindsNothingWhereTheLengthIsWrong) {
  const io::UniqueFd fd(::memfd_create("state", MFD_CLOEXEC));
  LastGood(fd.get()).keep("text");

  ASSERT_EQ(::ftruncate(fd.get(), 9), 0);

  EXPECT_EQ(LastGood(fd.get()).find(), std::nullopt);
}

TEST(LastGood, DoesNothingWithoutAKeeper) {
  const LastGood nothing(-1);

  nothing.keep("text");

  EXPECT_EQ(nothing.find(), std::nullopt);
}

}  // namespace
}  // namespace pear::cli
