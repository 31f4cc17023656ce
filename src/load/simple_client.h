// SimpleClient: a blocking HTTP/1.1 client on the loopback interface, for tests that start servers.
//
//   SimpleClient client = *SimpleClient::connect(port);
//   ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
//   const auto answer = client.read_answer();
//   EXPECT_EQ(answer->status, 200);
//
// What is sent are raw bytes: a test says exactly what arrives at the server, in which pieces.
//
// Thread: any, one at a time. Every call that waits ends at its timeout.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/method.h"
#include "io/socket_address.h"
#include "io/unique_fd.h"

namespace pear::load {

struct SimpleAnswer {
  std::uint16_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;   // Names in lower case.
  std::string body;                                           // Without its framing.
  std::vector<std::pair<std::string, std::string>> trailers;  // Names in lower case.
  bool keep_alive = false;  // Another request may follow on the connection.

  // The first header of this name (in lower case); empty where there is none.
  [[nodiscard]] std::string_view header(std::string_view lower_name) const;
};

class SimpleClient {
 public:
  static constexpr std::chrono::milliseconds kTimeout{10'000};
  static constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20U;

  // To a port of 127.0.0.1. Errors: OsError (ECONNREFUSED ...), TimedOut.
  [[nodiscard]] static Result<SimpleClient> connect(std::uint16_t port,
                                                    std::chrono::milliseconds timeout = kTimeout);
  // To an address of the loopback interface. Errors: InvalidInput  another one.
  [[nodiscard]] static Result<SimpleClient> connect(const io::SocketAddress& address,
                                                    std::chrono::milliseconds timeout = kTimeout);

  // One request on a connection of its own: "GET path" with Connection: close.
  [[nodiscard]] static Result<SimpleAnswer> get(std::uint16_t port, std::string_view path,
                                                std::chrono::milliseconds timeout = kTimeout);

  // Sends all of it. Errors: PeerClosed, TimedOut, OsError.
  [[nodiscard]] Result<void> send(std::string_view bytes);
  // Sends FIN; answers can still be read.
  void finish_sending();

  // Reads one whole final answer; interim ones (1xx) are skipped. Bytes after it stay for the next.
  // Errors: PeerClosed    the connection ended before the answer did.
  //         InvalidInput  what came is no HTTP/1.1.
  //         LimitExceeded more than kAnswerBytesMax.
  //         TimedOut, OsError.
  [[nodiscard]] Result<SimpleAnswer> read_answer(http::Method method = http::Method::Get);
  // Reads raw bytes, as many as come at once. Empty: the peer has sent its FIN.
  // Errors: TimedOut, OsError (ECONNRESET).
  [[nodiscard]] Result<std::string> read_some();
  // Reads everything up to the peer's FIN, or up to a reset.
  // Errors: LimitExceeded  more than kAnswerBytesMax. TimedOut, OsError.
  [[nodiscard]] Result<std::string> read_to_end();

  // Whether the peer ends the connection within the timeout (true after FIN or RST), and sends
  // nothing before.
  [[nodiscard]] bool is_closed_by_peer();

  // Closes with RST instead of FIN.
  void reset();
  void close() { fd_.reset(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  SimpleClient(io::UniqueFd fd, std::chrono::milliseconds timeout)
      : fd_(std::move(fd)), timeout_(timeout) {}

  enum class Readiness : std::uint8_t { ToRead, ToWrite };
  [[nodiscard]] Result<void> wait_until(Readiness readiness) const;

  io::UniqueFd fd_;
  std::chrono::milliseconds timeout_;  // Of each wait.
  std::string received_;               // And not used yet.
};

}  // namespace pear::load
