#include "base/log/log_writer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/log/logger.h"

namespace pear::log {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1)};

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void close_reader() {
    if (ends[0] >= 0) ::close(ends[0]);
    ends[0] = -1;
  }
  // Until `count` line ends have come.
  std::string read_lines(std::size_t count) {
    std::string text;
    std::array<char, 4096> piece{};
    while (count > 0) {
      const ssize_t size = ::read(ends[0], piece.data(), piece.size());
      if (size <= 0) return text;
      for (ssize_t i = 0; i < size && count > 0; ++i) {
        text.push_back(piece[static_cast<std::size_t>(i)]);
        if (text.back() == '\n') --count;
      }
    }
    return text;
  }
  [[nodiscard]] int writer() const { return ends[1]; }

  std::array<int, 2> ends{};
};

std::unique_ptr<LogWriter> writer_to(int fd) {
  return std::move(LogWriter::open({.fd = fd, .flush_max = std::chrono::milliseconds(100)}))
      .value();
}

void log_lines(LogChannel& channel, int count) {
  Logger logger(channel, {});
  for (int i = 0; i < count; ++i) {
    logger.event(kNow, {.name = "test"}, {{"i", static_cast<std::uint64_t>(i)}});
  }
}

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(LogWriter, WritesEveryLineOfEveryThreadWhole) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  std::jthread run([&] { writer->run(); });
  std::array<LogChannel*, 4> channels{};
  for (auto& channel : channels) channel = &writer->add_channel(4U << 20U);

  {
    std::vector<std::jthread> cores;
    for (LogChannel* channel : channels) {
      cores.emplace_back([channel] { log_lines(*channel, 5'000); });
    }
    const std::string text = pipe.read_lines(20'000);
    EXPECT_EQ(lines_in(text), 20'000U);
    std::size_t start = 0;
    while (start < text.size()) {
      const std::size_t end = text.find('\n', start);
      ASSERT_EQ(text[start], '{');
      ASSERT_EQ(text[end - 1], '}');
      start = end + 1;
    }
  }
  writer->stop();
}

TEST(LogWriter, WakesFromItsSleepForOneLine) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  LogChannel& channel = writer->add_channel(64U << 10U);
  std::jthread run([&] { writer->run(); });

  for (int i = 0; i < 20; ++i) {
    log_lines(channel, 1);
    EXPECT_EQ(lines_in(pipe.read_lines(1)), 1U);
  }
  writer->stop();
}

TEST(LogWriter, WritesAllThatWasLoggedBeforeItStops) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  LogChannel& channel = writer->add_channel(1U << 20U);
  log_lines(channel, 500);

  writer->stop();
  writer->run();

  EXPECT_EQ(lines_in(pipe.read_lines(500)), 500U);
  EXPECT_EQ(writer->lost(), 0U);
}

TEST(LogWriter, EndsInBoundedTimeWhenNobodyReads) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  LogChannel& channel = writer->add_channel(4U << 20U);
  log_lines(channel, 20'000);  // More than a pipe holds.

  writer->stop();
  writer->run();

  EXPECT_GT(writer->lost(), 0U);
}

TEST(LogWriter, CostsTheCoresNothingButLinesWhenNobodyReads) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  LogChannel& channel = writer->add_channel(16U << 10U);
  std::jthread run([&] { writer->run(); });

  log_lines(channel, 50'000);

  EXPECT_GT(channel.dropped(), 0U);
  writer->stop();
}

TEST(LogWriter, GoesOnAfterItsReaderHasGone) {
  Pipe pipe;
  auto writer = writer_to(pipe.writer());
  LogChannel& channel = writer->add_channel(64U << 10U);
  pipe.close_reader();
  log_lines(channel, 10);

  writer->stop();
  writer->run();

  EXPECT_EQ(writer->lost(), 10U);
}

TEST(LogWriter, GoesOnWhenItsDescriptorIsClosed) {
  auto writer = writer_to(-1);
  LogChannel& channel = writer->add_channel(64U << 10U);
  log_lines(channel, 10);

  writer->stop();
  writer->run();

  EXPECT_EQ(writer->lost(), 10U);
}

}  // namespace
}  // namespace pear::log
