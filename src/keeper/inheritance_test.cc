#include "keeper/inheritance.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include <gtest/gtest.h>

namespace pear::keeper {
namespace {

using Listeners = std::vector<std::vector<int>>;

class InheritanceOfAProcess : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", kListenersVariable,
                             kReadyFdVariable, kStateFdVariable, kSharedMemoryFdVariable}) {
      ::unsetenv(name);
    }
  }
};

TEST(InheritanceText, GivesBackTheListenersThatWereWritten) {
  const Listeners listeners{{5, 6}, {7}, {8, 9, 1'000'000}};

  EXPECT_EQ(listeners_text(listeners), "5,6;7;8,9,1000000");
  EXPECT_EQ(parse_listeners(listeners_text(listeners)), listeners);
}

TEST(InheritanceText, RefusesWhatIsNotAListOfDescriptors) {
  for (const char* text : {"", ";", ",", "5;", "5,", ";5", ",5", "5,,6", "5;;6", "x", "5 ", "+5",
                           "-5", "2", "1000001", "99999999999999999999"}) {
    EXPECT_FALSE(parse_listeners(text)) << text;
  }
  EXPECT_EQ(parse_listeners("3"), (Listeners{{3}}));
}

TEST(InheritanceText, GivesBackTheQuarantineThatWasWritten) {
  const std::vector<QuarantinedSite> sites{{.site = base::SiteKey{0x8F3A}, .component = 0},
                                           {.site = base::SiteKey{UINT64_MAX}, .component = 27}};
  EXPECT_EQ(quarantine_text(sites), "8f3a:0,ffffffffffffffff:1b");
  EXPECT_EQ(parse_quarantine(quarantine_text(sites)), sites);
}

TEST(InheritanceText, RefusesWhatIsNoQuarantine) {
  for (const char* text : {"", "1", ":", "1:", ":1", "0:1", "1:2:3", "x:1", "1:1,,2:2",
                           "1ffffffffffffffff:0", "1:2x"}) {
    EXPECT_TRUE(parse_quarantine(text).empty()) << text;
  }
  std::string many = "1:0";
  for (std::size_t i = 0; i < Vitals::kQuarantineMax; ++i) many += ",1:0";
  EXPECT_TRUE(parse_quarantine(many).empty());
}

TEST(InheritanceFromSystemd, CountsDescriptorsFromThree) {
  EXPECT_EQ(systemd_listeners("42", "2", 42), (Listeners{{3}, {4}}));
}

TEST(InheritanceFromSystemd, IgnoresWhatIsMeantForAnotherProcess) {
  EXPECT_TRUE(systemd_listeners("42", "2", 43).empty());
  EXPECT_TRUE(systemd_listeners("", "2", 42).empty());
}

TEST(InheritanceFromSystemd, IgnoresACountThatIsNone) {
  for (const char* count : {"", "0", "-1", "x", "1025"}) {
    EXPECT_TRUE(systemd_listeners("42", count, 42).empty()) << count;
  }
  EXPECT_EQ(systemd_listeners("42", "1024", 42).size(), 1'024U);
}

TEST_F(InheritanceOfAProcess, IsTakenOnceAndLeavesNothingForItsChildren) {
  ::setenv(kListenersVariable, "5,6;7", 1);
  ::setenv(kReadyFdVariable, "9", 1);
  ::setenv(kStateFdVariable, "10", 1);
  ::setenv(kSharedMemoryFdVariable, "11", 1);
  ::setenv("LISTEN_FDNAMES", "http", 1);

  const Inheritance first = take_inheritance();
  const Inheritance second = take_inheritance();

  EXPECT_EQ(first.fds_by_address, (Listeners{{5, 6}, {7}}));
  EXPECT_EQ(first.ready_fd, 9);
  EXPECT_EQ(first.state_fd, 10);
  EXPECT_EQ(first.shared_memory_fd, 11);
  EXPECT_TRUE(second.fds_by_address.empty());
  EXPECT_EQ(second.ready_fd, -1);
  EXPECT_EQ(second.state_fd, -1);
  EXPECT_EQ(second.shared_memory_fd, -1);
  EXPECT_EQ(std::getenv("LISTEN_FDNAMES"), nullptr);
}

TEST_F(InheritanceOfAProcess, TakesWhatIsNoDescriptorForAbsent) {
  for (const char* text :
       {"", "2", "-1", "x", "3x", " 3", "+3", "1000001", "99999999999999999999"}) {
    for (const char* name : {kReadyFdVariable, kStateFdVariable, kSharedMemoryFdVariable}) {
      ::setenv(name, text, 1);
    }
    const Inheritance taken = take_inheritance();
    EXPECT_EQ(taken.ready_fd, -1) << text;
    EXPECT_EQ(taken.state_fd, -1) << text;
    EXPECT_EQ(taken.shared_memory_fd, -1) << text;
  }
  ::setenv(kSharedMemoryFdVariable, "3", 1);
  EXPECT_EQ(take_inheritance().shared_memory_fd, 3);
  ::setenv(kSharedMemoryFdVariable, "1000000", 1);
  EXPECT_EQ(take_inheritance().shared_memory_fd, 1'000'000);
}

TEST_F(InheritanceOfAProcess, PrefersTheKeeperToSystemd) {
  ::setenv(kListenersVariable, "5", 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "1", 1);

  EXPECT_EQ(take_inheritance().fds_by_address, (Listeners{{5}}));
}

TEST_F(InheritanceOfAProcess, AcceptsTheSocketsOfSystemd) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "2", 1);

  EXPECT_EQ(take_inheritance().fds_by_address, (Listeners{{3}, {4}}));
}

}  // namespace
}  // namespace pear::keeper
