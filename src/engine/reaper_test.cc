#include "engine/reaper.h"

#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

namespace pear::engine {
namespace {

struct Mortal {
  std::thread::id* died_on;
  std::binary_semaphore* dead;
  ~Mortal() {
    *died_on = std::this_thread::get_id();
    dead->release();
  }
};

TEST(Reaper, FreesOnAThreadOfItsOwn) {
  std::thread::id died_on;
  std::binary_semaphore dead{0};
  Reaper reaper;

  reaper.take(std::make_shared<Mortal>(&died_on, &dead));
  dead.acquire();

  EXPECT_NE(died_on, std::thread::id{});
  EXPECT_NE(died_on, std::this_thread::get_id());
}

TEST(Reaper, LeavesNothingBehind) {
  constexpr int kCount = 100;
  auto witness = std::make_shared<int>(0);
  {
    Reaper reaper;
    for (int i = 0; i < kCount; ++i) reaper.take(std::make_shared<std::shared_ptr<int>>(witness));
  }
  EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace pear::engine
