// A keeper with its server, as real processes: keeper_test_server_main.cc says what they do. Every
// wait is for a pipe or a pidfd, with a limit that only a broken keeper reaches.
#pragma once

#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <fstream>
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

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/unique_fd.h"
#include "keeper/pidfd.h"

namespace pear::keeper {
using io::UniqueFd;

constexpr int kPatienceMs = 30'000;

inline bool becomes_readable(int fd) {
  pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, kPatienceMs) == 1;
}

inline int parse_int(std::string_view text) {
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
inline Pipe make_pipe() {
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
inline Serving next_server(RunningKeeper& keeper) {
  const std::string line = keeper.said.next("serving ");
  if (line.empty()) return {};
  const std::string numbers = line.substr(8);
  const auto space = numbers.find(' ');
  return {.pid = parse_int(numbers.substr(0, space)),
          .group = parse_int(numbers.substr(space + 1))};
}

inline UniqueFd connect_to(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fd.reset();
  return fd;
}

// Sends one byte and gives what comes back: the pid of the server that answers.
inline int ask(int port, char wish) {
  const UniqueFd client = connect_to(port);
  if (!client.is_open() || ::write(client.get(), &wish, 1) != 1) return -1;
  std::array<char, 32> text{};
  if (!becomes_readable(client.get())) return -1;
  const ssize_t got = ::read(client.get(), text.data(), text.size());
  return got <= 0 ? -1 : parse_int({text.data(), static_cast<std::size_t>(got)});
}

inline int port_of(RunningKeeper& keeper) {
  const std::string line = keeper.said.next("port ");
  return line.empty() ? -1 : parse_int(std::string_view(line).substr(5));
}

// The next line of the log with this event.
inline std::string next_event(RunningKeeper& keeper, std::string_view event) {
  while (true) {
    std::string line = keeper.logged.next("{\"ts\":");
    if (line.empty() || line.find(fmt::format(R"("event":"{}")", event)) != std::string::npos) {
      return line;
    }
  }
}

}  // namespace pear::keeper
