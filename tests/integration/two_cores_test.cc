// Each of two cores serves what the other's guests say.
#include "two_cores.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "io/socket.h"

namespace pear::data {
namespace {

// A client on a thread of its own, which waits in poll().
class Client {
 public:
  explicit Client(const io::SocketAddress& address) : socket_(*io::start_connect(address)) {}

  // Sends all of `bytes` while it hears, until `heard` holds `enough` bytes or has `last` in it.
  // False: the connection ended, or nothing happened for too long.
  [[nodiscard]] bool talk(std::string_view bytes, std::string_view last, std::size_t enough) {
    while (!bytes.empty() || !(heard.size() >= enough || heard.contains(last))) {
      pollfd watched{.fd = socket_.get(),
                     .events = static_cast<short>(bytes.empty() ? POLLIN : POLLIN | POLLOUT),
                     .revents = 0};
      const std::chrono::milliseconds patience = kPatience;
      if (::poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return false;
      if (!bytes.empty()) bytes.remove_prefix(io::send(socket_.get(), std::span(bytes)).bytes);
      const io::Transfer got = io::receive(socket_.get(), buffer_);
      if (got.status == io::Transfer::Status::WouldBlock) continue;
      if (got.status != io::Transfer::Status::Done) return false;
      heard.append(buffer_.data(), got.bytes);
    }
    return true;
  }
  void leave() {
    io::reset_on_close(socket_.get());
    socket_.reset();
  }

  std::string heard;

 private:
  io::UniqueFd socket_;
  std::array<char, 65'536> buffer_{};
};

// To guests on the core that the client does not talk to.
std::string post(std::size_t core, std::size_t size) {
  return fmt::format("POST /site{}/ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 1 - core,
                     size);
}

// At each core a client of its own.
template <typename Visit>
void visit_both(Visit visit) {
  std::vector<std::jthread> clients;
  for (std::size_t core = 0; core < kCores; ++core) clients.emplace_back(visit, core);
}

TEST_F(TwoCoresTest, BodiesGoBothWaysThroughTheOtherCore) {
  std::string body;
  for (int i = 0; body.size() < 300'000; ++i) body += fmt::format("{:08}", i);
  visit_both([&](std::size_t core) {
    Client client(address_of(core));
    for (int i = 0; i < 10; ++i) {
      client.heard.clear();
      ASSERT_TRUE(client.talk(post(core, body.size()) + body, "\r\n0\r\n\r\n", SIZE_MAX));
      ASSERT_TRUE(body_of_chunks(client.heard) == body) << client.heard.size();
    }
  });
}

TEST_F(TwoCoresTest, AClientThatLeavesInTheMiddleLeavesNothingBehind) {
  visit_both([&](std::size_t core) {
    for (std::size_t i = 1; i <= 20; ++i) {
      Client client(address_of(core));
      const std::string part(50'000, 'x');
      ASSERT_TRUE(client.talk(post(core, 1'000'000) + part, "never", i * 2'000));
      client.leave();
    }
    Client last(address_of(core));
    ASSERT_TRUE(last.talk(post(core, 5) + "hello", "hello", SIZE_MAX));
  });

  for (std::size_t i = 0; i < kCores; ++i) {
    send(i, DrainCore{.deadline = io::now() + std::chrono::hours(1)});
  }
  for (std::size_t i = 0; i < kCores; ++i) EXPECT_EQ(await<CoreDrained>(i).cut, 0U);
  stop();
  for (std::size_t i = 0; i < kCores; ++i) {
    EXPECT_EQ(table_->sites[i]->cages[0].counters->in_flight.value(), 0U);
  }
}

TEST_F(TwoCoresTest, CoresThatStopAtOnceWaitForWhatTheOtherHolds) {
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < 20; ++i) {
    const std::size_t core = i % kCores;
    clients.push_back(std::make_unique<Client>(address_of(core)));
    const std::string part(50'000, 'x');
    ASSERT_TRUE(clients.back()->talk(post(core, 1'000'000) + part, "never", 10'000));
  }

  stop();

  // That they can be destroyed is the test: each asserts that nothing of it is left.
}

}  // namespace
}  // namespace pear::data
