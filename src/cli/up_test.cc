#include "cli/up.h"

#include <chrono>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/keeper_memory.h"
#include "cli/last_good.h"
#include "cli/up_fixture.h"

namespace pear::cli {
namespace {

TEST_F(UpCommand, SaysWhatToDoWhereTheComponentIsNotBuilt) {
  write_project();

  EXPECT_EQ(run({"up", path()}), to_int(ExitCode::BadImage));
  EXPECT_NE(captured.err().find("shop.wasm"), std::string::npos) << captured.err();
  EXPECT_NE(captured.err().find("→ pear build"), std::string::npos);
  EXPECT_TRUE(fake.served.empty());
}

TEST_F(UpCommand, BuildsFirstInAnotherProcessWhenAsked) {
  write_project();
  write_program("echo \"$@\" > " + path() + "/asked; echo made > " + path() + "/shop.wasm");
  fake.on_serve = [](const ServeRequest& request) {
    close_all(request);
    return 0;
  };

  EXPECT_EQ(run({"up", path(), "--build", "--no-keeper", "--listen", "127.0.0.1:0", "--set",
                 "server.log.access=false"}),
            0)
      << captured.err();
  EXPECT_EQ(read_file(folder.path() / "asked"),
            "build --missing --set=server.log.access=false -- " + path() + "\n");
  EXPECT_EQ(fake.served.size(), 1U);
}

TEST_F(UpCommand, ServesNothingWhereTheBuildFails) {
  write_project();
  write_program("exit 4");

  EXPECT_EQ(run({"up", path(), "--build"}), 4);
  EXPECT_TRUE(fake.served.empty());
}

TEST_F(UpCommand, StartsTheServerBehindAKeeperAndEndsWithItsCode) {
  write_project();
  write_component();
  write_program("echo \"$@\" > " + path() + "/asked; exit 4");

  EXPECT_EQ(run({"up", path(), "--cores", "1", "--listen", "127.0.0.1:0"}), 4);
  EXPECT_EQ(read_file(folder.path() / "asked"),
            "serve --listen=127.0.0.1:0 --cores=1 -- " + path() + "\n");
  EXPECT_EQ(captured.out(), "") << "it never served";
  EXPECT_EQ(captured.err(), "error: nothing is served: the log lines above say why\n");
}

TEST_F(UpCommand, ListsTheProblemsOfTheConfiguration) {
  write_project("cagez = 3\nbalance = \"fair\"\n");
  write_component();

  EXPECT_EQ(run({"up", path()}), to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find("cagez"), std::string::npos);
  EXPECT_NE(captured.err().find("fair"), std::string::npos);
}

TEST_F(UpCommand, SaysWhichAddressIsTaken) {
  write_project();
  write_component();
  const auto taken = keeper::ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 1);
  ASSERT_TRUE(taken);
  const std::string address = keeper::to_text(taken->addresses()[0].address);

  EXPECT_EQ(run({"up", path(), "--listen", address}), to_int(ExitCode::CannotListen));
  EXPECT_NE(captured.err().find("cannot listen on " + address), std::string::npos);
}

TEST_F(UpCommand, ServesInThisProcessWithoutAKeeperAndShowsTheBannerOnceItIsReady) {
  write_project();
  write_component();
  fake.on_serve = [&](const ServeRequest& request) {
    EXPECT_EQ(::write(request.ready_fd, "ready\n", 6), 6);
    close_all(request);
    return 143;
  };

  EXPECT_EQ(run({"up", path(), "--no-keeper", "--cores", "2", "--listen", "127.0.0.1:0"}), 143);
  ASSERT_EQ(fake.served.size(), 1U);
  const config::Settings& settings = *fake.served[0].settings;
  EXPECT_EQ(settings.server.cores, 2U);
  EXPECT_NE(settings.server.listen.at(0).port, 0);
  EXPECT_EQ(fake.served[0].fds_by_address.at(0).size(), 2U);
  EXPECT_NE(captured.out().find("http://" + keeper::to_text(settings.server.listen[0]) + "/"),
            std::string::npos)
      << captured.out();
}

TEST_F(UpCommand, EndsWhereTheServerFailsWithoutAWord) {
  write_project();
  write_component();
  fake.on_serve = [&](const ServeRequest& request) {
    close_sockets(request);
    return 4;  // And ready_fd stays open.
  };

  EXPECT_EQ(run({"up", path(), "--no-keeper", "--listen", "127.0.0.1:0"}), 4);
  EXPECT_EQ(captured.out(), "");
  ::close(fake.served.at(0).ready_fd);
}

TEST_F(ServeCommand, ServesOnWhatItInherited) {
  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_EQ(fake.served[0].fds_by_address, inherited.fds_by_address);
  EXPECT_EQ(fake.served[0].settings->server.listen, std::vector{address});
}

TEST_F(ServeCommand, ReadsTheConfigurationAgainAndKeepsItsAddresses) {
  ASSERT_EQ(run({"serve", path()}), 0);
  write_project("cages = 7\n[server]\ncores = 4\nlisten = \"127.0.0.1:1\"\n");

  const config::LoadResult again = fake.served.at(0).reload();

  ASSERT_NE(again.settings, nullptr);
  EXPECT_EQ(again.settings->sites.at(0).cages, 7U);
  EXPECT_EQ(again.settings->server.cores, 2U);
  EXPECT_EQ(again.settings->server.listen, std::vector{address});
  ASSERT_EQ(again.warnings.size(), 2U);
  EXPECT_EQ(again.warnings[0].key, "server.listen");
  EXPECT_EQ(again.warnings[1].key, "server.cores");
}

TEST_F(ServeCommand, SealsTicketsWithTheKeysOfTheKeeper) {
  ASSERT_EQ(run({"serve", path()}), 0);
  const WallTime now{std::chrono::seconds(1'800'000'000)};

  const auto key = fake.served.at(0).tickets->current(now);

  ASSERT_TRUE(key);
  EXPECT_TRUE(KeeperMemory(memory.get()).ticket_keys()->find(key->name, now));
  EXPECT_EQ(::fcntl(memory.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(captured.err(), "");
}

TEST_F(ServeCommand, ServesWithKeysOfItsOwnWhereTheKeeperHasNone) {
  inherited.shared_memory_fd = -1;

  EXPECT_EQ(run({"serve", path()}), 0);
  EXPECT_TRUE(fake.served.at(0).tickets->current(WallTime(std::chrono::seconds(1'800'000'000))));
  EXPECT_NE(captured.err().find("the keeper has no memory to share"), std::string::npos);
}

TEST_F(ServeCommand, TellsWhatIsWrongOnAReload) {
  ASSERT_EQ(run({"serve", path()}), 0);
  write_project("cages = \"many\"\n");

  const config::LoadResult again = fake.served.at(0).reload();

  EXPECT_EQ(again.settings, nullptr);
  EXPECT_EQ(again.problems.size(), 1U);
}

TEST_F(ServeCommand, ComesBackWithTheLastGoodConfigurationWhileTheFileIsBroken) {
  ASSERT_EQ(run({"serve", path()}), 0);
  close_all(fake.served.at(0));
  fake.served.clear();
  auto listeners = keeper::ListenerSet::open({.listen = {{.host = "127.0.0.1", .port = 0}}}, 2);
  ASSERT_TRUE(listeners);
  inherited.fds_by_address = listeners->release(keeper::Transport::Tcp);
  write_project("cages = \"many\"\n");

  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();
  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_EQ(fake.served[0].settings->sites.at(0).source, folder.path() / "shop.wasm");
  EXPECT_NE(captured.err().find("serving with the last one that was not"), std::string::npos);
}

TEST_F(UpCommand, DoesNotServeBehindAKeeperThatIsNotThere) {
  write_project();
  write_component();

  EXPECT_EQ(run({"serve", path()}), to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find("pear up --no-keeper"), std::string::npos);
}

}  // namespace
}  // namespace pear::cli
