// What the keeper does about a server that hangs, crashes or is killed.
#include <csignal>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "keeper/keeper_fixture.h"

namespace pear::keeper {
namespace {

TEST(Keeper, KillsAServerWhoseCoreStandsStillAndHearsWhereItStands) {
  for (const char wish : {'h', 'b'}) {
    RunningKeeper keeper({"good"});
    const int port = port_of(keeper);
    const Serving first = next_server(keeper);
    ASSERT_EQ(keeper.said.next("ready"), "ready");

    EXPECT_EQ(ask(port, wish), -1);

    const std::string hung = next_event(keeper, "server_hung");
    EXPECT_NE(hung.find(R"("thread":"core","hung_core":0,"activity":"guest")"), std::string::npos)
        << hung;
    const std::string stack = next_event(keeper, "server_stack");
    EXPECT_NE(stack.find(R"("core":0,"activity":"guest")"), std::string::npos) << stack;
    EXPECT_NE(stack.find("+0x"), std::string::npos) << stack;
    const std::string died = next_event(keeper, "server_died");
    EXPECT_NE(died.find(R"("message":"it stood still and was killed")"), std::string::npos) << died;
    EXPECT_NE(died.find(R"("restart_in_ms":0)"), std::string::npos) << died;
    const Serving second = next_server(keeper);
    EXPECT_NE(second.pid, first.pid);
    EXPECT_EQ(ask(port, '.'), second.pid);
  }
}

TEST(Keeper, KillsAServerThatIsStopped) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  const Serving first = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  ::kill(first.pid, SIGSTOP);

  const std::string hung = next_event(keeper, "server_hung");
  EXPECT_NE(hung.find(R"("thread":"all, by SIGSTOP")"), std::string::npos) << hung;
  const std::string died = next_event(keeper, "server_died");
  EXPECT_NE(died.find(R"("message":"somebody outside stopped it, so it was killed")"),
            std::string::npos)
      << died;
  const Serving second = next_server(keeper);
  EXPECT_EQ(ask(port, '.'), second.pid);
}

TEST(Keeper, LeavesOutASiteThatTwoServersDiedOf) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  EXPECT_EQ(ask(port, 'c'), -1);
  EXPECT_EQ(keeper.said.next(""), "start 2");
  EXPECT_EQ(keeper.said.next(""), "blamed 7");
  EXPECT_EQ(keeper.said.next("")[0], 'm');  // Not yet without it.
  next_server(keeper);
  EXPECT_EQ(ask(port, 'c'), -1);
  EXPECT_EQ(keeper.said.next(""), "start 3");
  EXPECT_EQ(keeper.said.next(""), "blamed 7");
  EXPECT_EQ(keeper.said.next(""), "without 7");
  next_server(keeper);

  // A death of another cause changes nothing, until the server has it served again.
  EXPECT_EQ(ask(port, 'a'), -1);
  EXPECT_EQ(keeper.said.next("without"), "without 7");
  next_server(keeper);
  EXPECT_GT(ask(port, 'l'), 0);
  EXPECT_EQ(ask(port, 'a'), -1);
  EXPECT_EQ(keeper.said.next("start"), "start 5");
  EXPECT_EQ(keeper.said.next("")[0], 'm');
  // None of the deaths that are blamed waited.
  for (int i = 0; i < 2; ++i) {
    const std::string died = next_event(keeper, "server_died");
    EXPECT_NE(died.find(R"("restart_in_ms":0)"), std::string::npos) << died;
    EXPECT_NE(died.find(R"("message":"it crashed")"), std::string::npos) << died;
  }
}

TEST(Keeper, ServesAtLastWithoutASiteThatKillsEachServerBeforeItServes) {
  RunningKeeper keeper({"blamed"});

  EXPECT_EQ(keeper.said.next("start"), "start 1");
  EXPECT_EQ(keeper.said.next("start"), "start 2");
  EXPECT_EQ(keeper.said.next("start"), "start 3");
  EXPECT_EQ(keeper.said.next("without"), "without 7");
  EXPECT_EQ(keeper.said.next("ready"), "ready");
}

TEST(Keeper, StartsAgainWhereTheFirstServerIsKilledBeforeItServes) {
  RunningKeeper keeper({"late"});
  ASSERT_EQ(keeper.said.next("start"), "start 1");
  const std::string started = fmt::format("/proc/{0}/task/{0}/children", keeper.pid());
  int server = -1;
  ASSERT_TRUE(std::ifstream(started) >> server);

  ::kill(server, SIGKILL);

  EXPECT_EQ(keeper.said.next("start"), "start 2");
  EXPECT_EQ(keeper.said.next("ready"), "ready");
}

TEST(Keeper, RestartsAtOnceHoweverOftenSomebodyKillsTheServer) {
  RunningKeeper keeper({"good"});
  Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");
  for (int i = 0; i < 5; ++i) {
    ::kill(server.pid, SIGKILL);
    const std::string died = next_event(keeper, "server_died");
    EXPECT_NE(died.find(R"("restart_in_ms":0)"), std::string::npos) << died;
    EXPECT_NE(died.find(R"("message":"somebody outside killed it")"), std::string::npos) << died;
    server = next_server(keeper);
  }
}

}  // namespace
}  // namespace pear::keeper
