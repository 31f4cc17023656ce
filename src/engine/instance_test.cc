#include "engine/instance.h"

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

TEST(Instance, AnswersOneRequestAfterTheOther) {
  Guest guest(guest_image("hello"));

  ASSERT_EQ(guest.serve({.path = "/one?x=1"}), PollStep::Idle) << guest.instance.fault_text();
  EXPECT_EQ(guest.host.status, 200);
  EXPECT_EQ(guest.host.response, "hello from C path=/one?x=1");
  EXPECT_EQ(guest.host.finishes, 1U);

  guest.host.clear_response();
  ASSERT_EQ(guest.serve({.path = "/two"}), PollStep::Idle) << guest.instance.fault_text();
  EXPECT_EQ(guest.host.response, "hello from C path=/two");
}

}  // namespace
}  // namespace pear::engine
