#include "cli/up.h"

#include <chrono>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/fake_engines.h"
#include "cli/keeper_memory.h"
#include "cli/last_good.h"
#include "cli/program.h"
#include "io/socket_address.h"
#include "io/udp_socket.h"
#include "keeper/listener_set.h"
#include "keeper/shared_memory.h"

namespace pear::cli {
namespace {

class UpCommand : public testing::Test {
 protected:
  int run(std::vector<std::string> arguments) {
    return run_program(arguments, captured.terminal, "",
                       {[this](Program& program) { add_up_command(program, surroundings); },
                        [this](Program& program) { add_serve_command(program, surroundings); }});
  }
  void write_project(const std::string& more = "") {
    ASSERT_TRUE(replace_file(folder.path() / "pear.toml",
                             "pear_version = 1\n[site.shop]\nsource = \"shop.wasm\"\n" + more));
  }
  // What runs as `pear` where another process is started.
  void write_program(const std::string& script) {
    const std::filesystem::path program = folder.path() / "program";
    ASSERT_TRUE(create_file(program, "#!/bin/sh\n" + script + "\n"));
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    surroundings.program = program.native();
  }
  void write_component() { ASSERT_TRUE(replace_file(folder.path() / "shop.wasm", "wasm")); }
  [[nodiscard]] std::string path() const { return folder.path().native(); }

  base::TemporaryFolder folder;
  CapturedTerminal captured;
  FakeEngines fake;
  Engines engines = fake.engines();
  keeper::Inheritance inherited;
  Surroundings surroundings{.engines = engines, .inherited = inherited};
};

void close_sockets(const ServeRequest& request) {
  for (const auto* lists : {&request.fds_by_address, &request.udp_fds_by_address}) {
    for (const auto& fds : *lists) {
      for (const int fd : fds) ::close(fd);
    }
  }
}

void close_all(const ServeRequest& request) {
  close_sockets(request);
  if (request.ready_fd >= 0) ::close(request.ready_fd);
}

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
  const auto taken = keeper::ListenerSet::open({.tcp = {{.host = "127.0.0.1", .port = 0}}}, 1);
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

// In the project's file; nobody reads the files here.
constexpr const char* kCertificate =
    "[[server.certificate]]\nchain = \"chain.pem\"\nkey = \"key.pem\"\n";

std::uint16_t port_of(int fd) {
  return io::SocketAddress::of_socket(fd).value().port();
}

TEST_F(UpCommand, OpensTheHttpsAddressesByUdpTooUnlessHttp3IsOff) {
  write_project(kCertificate);
  write_component();
  fake.on_serve = [&](const ServeRequest& request) {
    for (const auto& fds : request.udp_fds_by_address) {
      EXPECT_EQ(fds.size(), 2U);
      for (const int fd : fds) {
        EXPECT_EQ(port_of(fd), request.settings->server.https.at(0).port);
      }
    }
    close_all(request);
    return 0;
  };
  const std::vector<std::string> arguments{"up",          path(),  "--no-keeper",
                                           "--cores",     "2",     "--listen",
                                           "127.0.0.1:0", "--set", "server.https=127.0.0.1:0"};
  std::vector<std::string> without = arguments;
  without.insert(without.end(), {"--set", "server.http3.enabled=false"});

  EXPECT_EQ(run(arguments), 0) << captured.err();
  EXPECT_EQ(run(without), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 2U);
  EXPECT_EQ(fake.served[0].fds_by_address.size(), 2U);
  EXPECT_EQ(fake.served[0].udp_fds_by_address.size(), 1U);
  EXPECT_EQ(fake.served[1].fds_by_address.size(), 2U);
  EXPECT_TRUE(fake.served[1].udp_fds_by_address.empty());
  EXPECT_EQ(captured.err(), "");
}

TEST_F(UpCommand, WarnsWhereAnotherProgramHasTheUdpPortAndServesWithoutIt) {
  write_project(kCertificate);
  write_component();
  fake.on_serve = [](const ServeRequest& request) {
    close_all(request);
    return 0;
  };
  const io::UniqueFd other =
      io::open_udp_socket(io::SocketAddress::parse("127.0.0.1", 0).value(), {}).value();
  const std::string address = fmt::format("127.0.0.1:{}", port_of(other.get()));

  EXPECT_EQ(run({"up", path(), "--no-keeper", "--listen", "127.0.0.1:0", "--set",
                 "server.https=" + address}),
            0);

  EXPECT_TRUE(fake.served.at(0).udp_fds_by_address.empty());
  EXPECT_NE(captured.err().find("warning: no HTTP/3 on " + address), std::string::npos)
      << captured.err();
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

class ServeCommand : public UpCommand {
 protected:
  void SetUp() override {
    auto listeners = keeper::ListenerSet::open({.tcp = {{.host = "127.0.0.1", .port = 0}}}, 2);
    ASSERT_TRUE(listeners);
    address = listeners->addresses()[0].address;
    inherited.fds_by_address = listeners->release(keeper::Transport::Tcp);
    state = io::UniqueFd(::memfd_create("state", MFD_CLOEXEC));
    inherited.state_fd = state.get();
    memory = keeper::make_shared_memory();
    inherited.shared_memory_fd = memory.get();
    write_project("[server]\ncores = 2\n");
    write_component();
  }
  void TearDown() override {
    for (const ServeRequest& request : fake.served) close_all(request);
  }

  config::ListenAddress address;
  io::UniqueFd state;
  io::UniqueFd memory;
};

TEST_F(ServeCommand, ServesOnWhatItInherited) {
  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_EQ(fake.served[0].fds_by_address, inherited.fds_by_address);
  EXPECT_EQ(fake.served[0].settings->server.listen, std::vector{address});
}

class ServeCommandWithHttps : public ServeCommand {
 protected:
  void SetUp() override {
    ServeCommand::SetUp();
    https = keeper::ListenerSet::open({.tcp = {}, .tcp_and_udp = {{"127.0.0.1", 0}}}, 2).value();
    udp = https.fds_by_address().at(1);
    const auto bound = https.addresses().at(0).address;
    for (const auto transport : {keeper::Transport::Tcp, keeper::Transport::Udp}) {
      inherited.fds_by_address.push_back(https.release(transport).at(0));
    }
    with_https = fmt::format("[server]\ncores = 2\nlisten = \"{}\"\nhttps = \"{}\"\n",
                             keeper::to_text(address), keeper::to_text(bound));
    write_project(with_https + kCertificate);
  }

  keeper::ListenerSet https;
  std::vector<int> udp;
  std::string with_https;
};

TEST_F(ServeCommandWithHttps, HandsTheUdpSocketsOverApart) {
  EXPECT_EQ(run({"serve", path()}), 0) << captured.err();

  ASSERT_EQ(fake.served.size(), 1U);
  EXPECT_EQ(fake.served[0].fds_by_address,
            (std::vector{inherited.fds_by_address[0], inherited.fds_by_address[1]}));
  EXPECT_EQ(fake.served[0].udp_fds_by_address, std::vector<std::vector<int>>{udp});
}

TEST_F(ServeCommandWithHttps, ClosesTheUdpSocketsWhereHttp3IsOff) {
  EXPECT_EQ(run({"serve", path(), "--set", "server.http3.enabled=false"}), 0) << captured.err();

  EXPECT_EQ(fake.served.at(0).fds_by_address.size(), 2U);
  EXPECT_TRUE(fake.served.at(0).udp_fds_by_address.empty());
  EXPECT_EQ(::fcntl(udp[0], F_GETFD), -1);
}

TEST_F(ServeCommandWithHttps, ReadsAgainWhetherHttp3IsOnOnlyWhenItStarts) {
  ASSERT_EQ(run({"serve", path()}), 0) << captured.err();
  write_project(with_https + "http3.enabled = false\n" + kCertificate);

  const config::LoadResult again = fake.served.at(0).reload();

  ASSERT_NE(again.settings, nullptr);
  EXPECT_TRUE(again.settings->server.http3.enabled);
  ASSERT_EQ(again.warnings.size(), 1U);
  EXPECT_EQ(again.warnings[0].key, "server.http3.enabled");
}

TEST_F(ServeCommand, ReadsTheConfigurationAgainAndKeepsItsAddresses) {
  ASSERT_EQ(run({"serve", path()}), 0);
  write_project("cages = 7\n[server]\ncores = 4\nlisten = \"127.0.0.1:1\"\n");

  const config::LoadResult again = fake.served.at(0).reload();

  ASSERT_NE(again.settings, nullptr);
  EXPECT_EQ(again.settings->sites.at(0).cages, 7U);
  EXPECT_EQ(again.settings->server.cores, 2U);
  EXPECT_EQ(again.settings->server.listen, std::vector{address});
  ASSERT_EQ(again.warnings.size(), 1U);
  EXPECT_EQ(again.warnings[0].key, "server.listen");
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
  auto listeners = keeper::ListenerSet::open({.tcp = {{.host = "127.0.0.1", .port = 0}}}, 2);
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
