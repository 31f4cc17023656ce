// A fresh instance has the component's own memory, whatever an earlier one wrote into its slot.
#include <cstdlib>

#include <sys/resource.h>
#include <sys/utsname.h>

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

// probe_memory.c writes to every second of 1,024 pages and of 64.
constexpr int kPagesWritten = 544;

long minor_faults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

bool kernel_names_written_pages() {
  utsname name{};
  uname(&name);
  char* rest = nullptr;
  const long major = std::strtol(name.release, &rest, 10);
  const long minor = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
  return major > 6 || (major == 6 && minor >= 7);
}

class FreshMemory : public testing::Test {
 protected:
  // One slot, so that each instance has the memory of the one before.
  static std::shared_ptr<const Engine> engine_with_one_slot() {
    auto made = Engine::make({.instances_max = 1});
    EXPECT_TRUE(made && (*made)->pooling());
    return made ? *made : nullptr;
  }

  static std::string scatter(Guest& guest) {
    guest.host.clear_response();
    EXPECT_EQ(guest.serve({.path = "/scatter"}), PollStep::Idle) << guest.instance.fault_text();
    return guest.host.response;
  }

  std::shared_ptr<const Image> image_ = guest_image("probe_memory", engine_with_one_slot());
};

TEST_F(FreshMemory, HoldsNothingOfTheInstanceBefore) {
  {
    Guest guest(image_);
    EXPECT_EQ(scatter(guest), "0");
    EXPECT_EQ(scatter(guest), std::to_string(kPagesWritten));
  }
  for (int instance = 0; instance < 3; ++instance) {
    Guest guest(image_);
    EXPECT_EQ(scatter(guest), "0") << instance;
  }
}

TEST_F(FreshMemory, IsResetInPlaceHoweverScatteredItWasWritten) {
  if (!kernel_names_written_pages()) GTEST_SKIP() << "needs Linux 6.7: PAGEMAP_SCAN";
  for (int instance = 0; instance < 2; ++instance) {
    Guest guest(image_);
    EXPECT_EQ(scatter(guest), "0");
  }
  Guest guest(image_);
  const long before = minor_faults();
  EXPECT_EQ(scatter(guest), "0");
  EXPECT_LT(minor_faults() - before, kPagesWritten / 10);
}

}  // namespace
}  // namespace pear::engine
