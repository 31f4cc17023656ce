// Runs real processes: keeper_test_server_main.cc says what they do. Every wait is for a pipe or a
// pidfd, with a limit that only a broken keeper reaches.
#include "keeper/keeper.h"

#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/unique_fd.h"
#include "keeper/pidfd.h"

namespace pear::keeper {
namespace {

using io::UniqueFd;

constexpr int kPatienceMs = 30'000;

bool becomes_readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, kPatienceMs) == 1;
}

int parse_int(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Reads a pipe line by line.
class Lines {
 public:
  explicit Lines(int fd) : fd_(fd) {}

  // The next line that starts with `start`, skipping others. Empty when there is none any more.
  std::string next(std::string_view start) {
    while (true) {
      const std::string line = next_line();
      if (line.empty() || line.starts_with(start)) return line;
    }
  }

  std::string rest() {
    std::string all;
    for (std::string line = next_line(); !line.empty(); line = next_line()) all += line + "\n";
    return all;
  }

 private:
  std::string next_line() {
    while (true) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      std::array<char, 1'024> piece{};
      if (!becomes_readable(fd_.get())) return "";
      const ssize_t got = ::read(fd_.get(), piece.data(), piece.size());
      if (got <= 0) return "";
      buffer_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

  UniqueFd fd_;
  std::string buffer_;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
Pipe make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
}

// A keeper with its server, as a child of the test.
class RunningKeeper {
 public:
  explicit RunningKeeper(std::vector<const char*> arguments)
      : RunningKeeper(std::move(arguments), make_pipe(), make_pipe()) {}
  ~RunningKeeper() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  RunningKeeper(const RunningKeeper&) = delete;
  RunningKeeper& operator=(const RunningKeeper&) = delete;

  Lines said;    // Standard output, of keeper and server.
  Lines logged;  // Standard error.

  [[nodiscard]] pid_t pid() const { return pid_; }
  void send(int signal) const { ::kill(pid_, signal); }
  int exit_code() {
    int status = -1;
    EXPECT_TRUE(becomes_readable(pidfd_.get())) << "the keeper does not end";
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  RunningKeeper(std::vector<const char*> arguments, Pipe out, Pipe err)
      : said(out.read.release()), logged(err.read.release()) {
    arguments.insert(arguments.begin(), {PEAR_KEEPER_TEST_SERVER, "keeper"});
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out.write.get(), STDOUT_FILENO);
      ::dup2(err.write.get(), STDERR_FILENO);
      ::execv(arguments[0], const_cast<char* const*>(arguments.data()));
      ::_exit(9);
    }
    pidfd_ = UniqueFd(pidfd_open(pid_));
  }

  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

struct Serving {
  int pid = -1;
  int group = -1;
};
Serving next_server(RunningKeeper& keeper) {
  const std::string line = keeper.said.next("serving ");
  if (line.empty()) return {};
  const std::string numbers = line.substr(8);
  const auto space = numbers.find(' ');
  return {.pid = parse_int(numbers.substr(0, space)),
          .group = parse_int(numbers.substr(space + 1))};
}

UniqueFd connect_to(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fd.reset();
  return fd;
}

// Sends one byte and gives what comes back: the pid of the server that answers.
int ask(int port, char wish) {
  const UniqueFd client = connect_to(port);
  if (!client.is_open() || ::write(client.get(), &wish, 1) != 1) return -1;
  std::array<char, 32> text{};
  if (!becomes_readable(client.get())) return -1;
  const ssize_t got = ::read(client.get(), text.data(), text.size());
  return got <= 0 ? -1 : parse_int({text.data(), static_cast<std::size_t>(got)});
}

int port_of(RunningKeeper& keeper) {
  const std::string line = keeper.said.next("port ");
  return line.empty() ? -1 : parse_int(std::string_view(line).substr(5));
}

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
  const std::string abort_line = keeper.logged.next("{\"ts\":");
  EXPECT_NE(abort_line.find(R"("level":"error","event":"server_died")"), std::string::npos)
      << abort_line;
  EXPECT_NE(abort_line.find(R"("cause":"SIGABRT")"), std::string::npos) << abort_line;
  EXPECT_NE(abort_line.find(R"("restart_in_ms":0)"), std::string::npos) << abort_line;
  next_server(keeper);

  EXPECT_EQ(ask(port, 'x'), -1);
  std::string exit_line = keeper.logged.next("{\"ts\":");
  while (!exit_line.empty() && exit_line.find("server_died") == std::string::npos) {
    exit_line = keeper.logged.next("{\"ts\":");
  }
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
