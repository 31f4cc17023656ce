// Runs real processes: see keeper_fixture.h.
#include "keeper/keeper.h"

#include "keeper/keeper_fixture.h"

namespace pear::keeper {
namespace {

TEST(Keeper, ServesThroughAServerInAProcessGroupOfItsOwn) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  const Serving server = next_server(keeper);

  EXPECT_EQ(ask(port, '.'), server.pid);
  EXPECT_NE(server.pid, keeper.pid());
  EXPECT_EQ(server.group, server.pid);
  EXPECT_EQ(keeper.said.next("ready"), "ready");
}

TEST(Keeper, RefusesNoConnectionWhileItsServerIsDead) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  const Serving first = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");
  const UniqueFd server(pidfd_open(first.pid));
  // With the keeper stopped, nobody restarts the server while the clients come.
  keeper.send(SIGSTOP);
  ::kill(first.pid, SIGKILL);
  ASSERT_TRUE(becomes_readable(server.get()));

  std::vector<UniqueFd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to(port));
  keeper.send(SIGCONT);

  const Serving second = next_server(keeper);
  EXPECT_NE(second.pid, first.pid);
  for (const UniqueFd& client : clients) {
    ASSERT_TRUE(client.is_open()) << "a connection was refused";
    ASSERT_EQ(::write(client.get(), ".", 1), 1);
  }
  for (const UniqueFd& client : clients) {
    std::array<char, 32> text{};
    ASSERT_TRUE(becomes_readable(client.get()));
    const ssize_t got = ::read(client.get(), text.data(), text.size());
    ASSERT_GT(got, 0);
    EXPECT_EQ(parse_int({text.data(), static_cast<std::size_t>(got)}), second.pid);
  }
}

TEST(Keeper, RestartsAServerAgainAndAgain) {
  RunningKeeper keeper({"good"});
  Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");
  for (int i = 0; i < 4; ++i) {
    ::kill(server.pid, SIGKILL);
    const Serving next = next_server(keeper);
    ASSERT_GT(next.pid, 0);
    EXPECT_NE(next.pid, server.pid);
    server = next;
  }
}

TEST(Keeper, HoldsMemoryThatOutlivesItsServers) {
  RunningKeeper keeper({"good"});
  EXPECT_EQ(keeper.said.next("memory "), "memory 1");
  Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");
  for (const std::string_view memory : {"memory 2", "memory 3"}) {
    ASSERT_GT(server.pid, 0);
    ::kill(server.pid, SIGKILL);
    EXPECT_EQ(keeper.said.next("memory "), memory);
    server = next_server(keeper);
  }
}

TEST(Keeper, LogsWhatTheServerDiedOf) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  next_server(keeper);

  EXPECT_EQ(ask(port, 'a'), -1);
  const std::string abort_line = next_event(keeper, "server_died");
  EXPECT_NE(abort_line.find(R"("level":"error","event":"server_died")"), std::string::npos)
      << abort_line;
  EXPECT_NE(abort_line.find(R"("cause":"SIGABRT")"), std::string::npos) << abort_line;
  EXPECT_NE(abort_line.find(R"("restart_in_ms":0)"), std::string::npos) << abort_line;
  next_server(keeper);

  EXPECT_EQ(ask(port, 'x'), -1);
  const std::string exit_line = next_event(keeper, "server_died");
  EXPECT_NE(exit_line.find(R"("cause":"exit code 7")"), std::string::npos) << exit_line;
  EXPECT_NE(exit_line.find(R"("restart_in_ms":1,)"), std::string::npos) << exit_line;
}

TEST(Keeper, PassesSigtermOnOnceAndEndsWithTheCodeOfTheServer) {
  RunningKeeper keeper({"good"});
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGTERM);

  EXPECT_EQ(keeper.exit_code(), 0);
  EXPECT_EQ(keeper.said.rest(), "got SIGTERM\nkeeper ended\n");
}

TEST(Keeper, PassesCtrlCOnAsSuch) {
  RunningKeeper keeper({"good"});
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGINT);

  EXPECT_EQ(keeper.exit_code(), 0);
  EXPECT_EQ(keeper.said.rest(), "got SIGINT\nkeeper ended\n");
}

TEST(Keeper, KillsAServerThatStaysAfterASecondSignal) {
  RunningKeeper keeper({"stubborn"});
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGINT);
  ASSERT_EQ(keeper.said.next("got "), "got SIGINT");
  keeper.send(SIGTERM);

  EXPECT_EQ(keeper.exit_code(), 128 + SIGINT);
}

TEST(Keeper, TakesASecondSignalForTheFirstWhereItsParentPassesThemOn) {
  RunningKeeper keeper({"patient", "60000", "passed-on"});
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGTERM);
  ASSERT_EQ(keeper.said.next("got "), "got SIGTERM");
  keeper.send(SIGTERM);
  keeper.send(SIGINT);
  // Passed on after them; the server ends with it.
  keeper.send(SIGHUP);

  EXPECT_EQ(keeper.exit_code(), 0);
  EXPECT_EQ(keeper.said.rest(), "got SIGHUP\nkeeper ended\n");
}

TEST(Keeper, IgnoresUserSignals) {
  RunningKeeper keeper({"good"});
  const Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  for (const int signal : {SIGUSR1, SIGUSR2}) {
    ::kill(server.pid, signal);
    keeper.send(signal);
  }
  keeper.send(SIGTERM);

  EXPECT_EQ(keeper.exit_code(), 0);
  EXPECT_EQ(keeper.said.rest(), "got SIGTERM\nkeeper ended\n");
}

TEST(Keeper, KillsAServerThatDoesNotEndInTime) {
  RunningKeeper keeper({"stubborn", "1"});
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGTERM);

  EXPECT_EQ(keeper.exit_code(), 128 + SIGTERM);
}

TEST(Keeper, PassesSighupOnAndKeepsTheServer) {
  RunningKeeper keeper({"good"});
  const int port = port_of(keeper);
  const Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  keeper.send(SIGHUP);

  EXPECT_EQ(keeper.said.next("got "), "got SIGHUP");
  EXPECT_EQ(ask(port, '.'), server.pid);
}

TEST(Keeper, ReportsAServerThatEndsBeforeItEverServed) {
  RunningKeeper keeper({"exit=3"});

  EXPECT_EQ(keeper.exit_code(), 3);
  EXPECT_EQ(keeper.said.next("start failed"), "start failed: exit code 3");
}

TEST(Keeper, ReportsAServerThatCrashesBeforeItEverServed) {
  RunningKeeper keeper({"crash"});

  EXPECT_EQ(keeper.exit_code(), 128 + SIGABRT);
  EXPECT_EQ(keeper.said.next("start failed"), "start failed: SIGABRT");
}

TEST(Keeper, KeepsTryingWhenASuccessorCannotServe) {
  RunningKeeper keeper({"once"});
  const Serving server = next_server(keeper);
  ASSERT_EQ(keeper.said.next("ready"), "ready");

  ::kill(server.pid, SIGKILL);

  int failed = 0;
  while (failed < 3) {
    const std::string line = keeper.logged.next("{\"ts\":");
    ASSERT_FALSE(line.empty());
    if (line.find(R"("cause":"exit code 2")") != std::string::npos) ++failed;
  }
  keeper.send(SIGTERM);
  // Between two servers there is nothing to drain; during one, it is ended before it serves.
  const int code = keeper.exit_code();
  EXPECT_TRUE(code == 0 || code == 2 || code == 128 + SIGTERM) << code;
}

TEST(Keeper, TakesItsServerWithItWhenItIsKilled) {
  RunningKeeper keeper({"good"});
  const Serving server = next_server(keeper);
  ASSERT_GT(server.pid, 0);
  const UniqueFd server_fd(pidfd_open(server.pid));

  keeper.send(SIGKILL);

  EXPECT_TRUE(becomes_readable(server_fd.get())) << "the server outlives its keeper";
  EXPECT_EQ(keeper.exit_code(), -SIGKILL);
}

}  // namespace
}  // namespace pear::keeper
