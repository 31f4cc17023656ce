// Bytes between two sides that have shaken hands. Handshakes: session_handshake_test.cc.
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <malloc.h>

#include "io/tls/session_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAR_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEAR_SANITIZED
#endif
#endif

namespace pear::io::tls {
namespace {

using Status = Transfer::Status;

TEST_F(SessionTest, CarriesBytesBothWaysInEitherVersion) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    ClientOptions options = trusting();
    options.version_max = version;
    TestPair pair = connected(options);
    EXPECT_EQ(pair.server->version(), version == Version::Tls12 ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(pair.server->server_name(), "example.com");
    EXPECT_EQ(pair.server->application(), Application::None);
    EXPECT_EQ(pair.server->client_subject(), "");
    EXPECT_FALSE(pair.server->resumed());

    EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "ping").bytes, 4U);
    EXPECT_EQ(read_all(*pair.server, pair.server_fd.get()), "ping");
    EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "pong").bytes, 4U);
    EXPECT_EQ(read_all(*pair.client, pair.client_fd.get()), "pong");
    std::array<char, 8> buffer{};
    EXPECT_EQ(pair.server->receive(pair.server_fd.get(), buffer).status, Status::WouldBlock);
  }
}

TEST_F(SessionTest, DeliversWhatTheBufferHadNoRoomForWithoutAnEvent) {
  TestPair pair = connected();
  std::string sent;
  for (int i = 0; i < 60; ++i) sent += std::string(300, static_cast<char>('a' + i % 26));
  ASSERT_EQ(send_text(*pair.client, pair.client_fd.get(), sent).bytes, sent.size());

  std::string got;
  std::array<char, 1000> buffer{};
  for (;;) {
    const Transfer received = pair.server->receive(pair.server_fd.get(), buffer);
    if (received.status == Status::WouldBlock) break;
    ASSERT_EQ(received.status, Status::Done);
    got.append(buffer.data(), received.bytes);
    if (received.drained) break;
  }
  EXPECT_EQ(got, sent);
  EXPECT_EQ(pair.server->receive(pair.server_fd.get(), buffer).status, Status::WouldBlock);
}

TEST_F(SessionTest, GathersPiecesIntoOneRecord) {
  TestPair pair = connected();
  ASSERT_EQ(send_text(*pair.server, pair.server_fd.get(), "tickets leave first").bytes, 19U);
  ASSERT_EQ(read_all(*pair.client, pair.client_fd.get()), "tickets leave first");
  std::string head = "head";
  std::string body = "body";
  const std::array<iovec, 4> pieces{iovec{head.data(), 4}, iovec{nullptr, 0}, iovec{body.data(), 4},
                                    iovec{nullptr, 0}};
  EXPECT_EQ(pair.server->send(pair.server_fd.get(), pieces).bytes, 8U);
  std::array<char, 256> wire{};
  const ssize_t bytes = ::recv(pair.client_fd.get(), wire.data(), wire.size(), MSG_PEEK);
  EXPECT_EQ(bytes, 5 + 8 + 1 + 16);
  EXPECT_EQ(read_all(*pair.client, pair.client_fd.get()), "headbody");
  EXPECT_EQ(pair.server->send(pair.server_fd.get(), std::span(pieces).first(0)).status,
            Status::Done);
}

// 10 MB each way at once, through small sockets, in random pieces and into random buffers.
TEST_F(SessionTest, LosesAndReordersNothingUnderBackPressure) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    TestPair pair = connected();
    const int small = 4096;
    for (const int fd : {pair.client_fd.get(), pair.server_fd.get()}) {
      ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    }
    std::mt19937 random(seed);
    const std::size_t total = seed == 1 ? 10'000'000 : 1'000'000;
    std::string bytes(total, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    struct Side {
      Session& session;
      int fd;
      std::size_t sent = 0;
      std::string got;
    };
    std::array<Side, 2> sides{Side{*pair.client, pair.client_fd.get(), 0, {}},
                              Side{*pair.server, pair.server_fd.get(), 0, {}}};
    std::vector<char> buffer(70'000);
    std::size_t waited = 0;
    while (sides[0].got.size() < total || sides[1].got.size() < total) {
      Side& side = sides[random() % 2];
      if (random() % 2 == 0) {
        const Transfer flushed = side.session.flush(side.fd);
        ASSERT_TRUE(flushed.status == Status::Done || flushed.status == Status::WouldBlock);
        ASSERT_EQ(side.session.has_unsent(), flushed.status == Status::WouldBlock);
        std::array<iovec, 3> pieces{};
        std::size_t offset = side.sent;
        for (iovec& piece : pieces) {
          piece.iov_base = bytes.data() + offset;
          piece.iov_len = std::min<std::size_t>(random() % 40'000, total - offset);
          offset += piece.iov_len;
        }
        const Transfer sent = side.session.send(side.fd, pieces);
        if (sent.status == Status::WouldBlock) {
          ++waited;
          continue;
        }
        ASSERT_EQ(sent.status, Status::Done);
        ASSERT_TRUE(side.session.has_unsent() || sent.bytes == offset - side.sent);
        side.sent += sent.bytes;
      } else {
        const std::size_t room = random() % 10 == 0 ? 1 + random() % 10 : 1 + random() % 70'000;
        const Transfer got = side.session.receive(side.fd, std::span(buffer).first(room));
        if (got.status == Status::WouldBlock) continue;
        ASSERT_EQ(got.status, Status::Done);
        side.got.append(buffer.data(), got.bytes);
      }
    }
    EXPECT_TRUE(sides[0].got == bytes);
    EXPECT_TRUE(sides[1].got == bytes);
    EXPECT_GT(waited, 10U);
  }
  EXPECT_EQ(core_.chunks.bytes_lent(), 0U);
}

TEST_F(SessionTest, TakesNothingWhileBytesWait) {
  TestPair pair = connected();
  const std::string much(4'000'000, 'x');
  const Transfer first = send_text(*pair.server, pair.server_fd.get(), much);
  ASSERT_EQ(first.status, Status::Done);
  ASSERT_LT(first.bytes, much.size());
  EXPECT_TRUE(pair.server->has_unsent());
  EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "y").status, Status::WouldBlock);
  EXPECT_EQ(pair.server->flush(pair.server_fd.get()).status, Status::WouldBlock);

  std::string got;
  while (pair.server->has_unsent()) {
    got += read_all(*pair.client, pair.client_fd.get());
    static_cast<void>(pair.server->flush(pair.server_fd.get()));
  }
  got += read_all(*pair.client, pair.client_fd.get());
  EXPECT_EQ(got.size(), first.bytes);
  EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "y").status, Status::Done);
}

TEST_F(SessionTest, TellsTheEndWithAndWithoutCloseNotify) {
  for (const bool with_goodbye : {true, false}) {
    TestPair pair = connected();
    EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "bye").bytes, 3U);
    if (with_goodbye) pair.client->say_goodbye(pair.client_fd.get());
    io::shut_down_writing(pair.client_fd.get());
    std::array<char, 16> buffer{};
    const Transfer last = pair.server->receive(pair.server_fd.get(), buffer);
    EXPECT_EQ(last.status, Status::Done);
    EXPECT_EQ(last.bytes, 3U);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(pair.server->receive(pair.server_fd.get(), buffer).status, Status::Ended);
    }
    // The other way is still open.
    EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "still").bytes, 5U);
    EXPECT_EQ(read_all(*pair.client, pair.client_fd.get()), "still");
  }
}

TEST_F(SessionTest, SaysThatMoreFollowsWhenOnlyTheEndIsLeft) {
  TestPair pair = connected();
  EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "bye").bytes, 3U);
  pair.client->say_goodbye(pair.client_fd.get());
  std::array<char, 16> buffer{};
  EXPECT_FALSE(pair.server->receive(pair.server_fd.get(), buffer).drained);
  EXPECT_EQ(pair.server->receive(pair.server_fd.get(), buffer).status, Status::Ended);
}

// The socket may have had its one event before the bytes that came with the handshake were read.
TEST_F(SessionTest, SaysNothingOfTheSocketWhenItOnlyGaveWhatItHad) {
  client_context_ = must_load(trusting());
  TestPair pair(core_, contexts_, *client_context_);
  ASSERT_EQ(pair.client->handshake(pair.client_fd.get()), Session::Progress::WouldBlock);
  ASSERT_EQ(pair.server->handshake(pair.server_fd.get()), Session::Progress::WouldBlock);
  ASSERT_EQ(pair.client->handshake(pair.client_fd.get()), Session::Progress::Done);
  EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "with it").bytes, 7U);
  ASSERT_EQ(pair.server->handshake(pair.server_fd.get()), Session::Progress::Done);
  EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "after it").bytes, 8U);

  std::array<char, 64> buffer{};
  const Transfer first = pair.server->receive(pair.server_fd.get(), buffer);
  EXPECT_EQ(first.bytes, 7U);
  EXPECT_FALSE(first.drained);
  const Transfer second = pair.server->receive(pair.server_fd.get(), buffer);
  EXPECT_EQ(second.bytes, 8U);
  EXPECT_TRUE(second.drained);
}

TEST_F(SessionTest, TellsAWriterThatThePeerIsGone) {
  TestPair pair = connected();
  pair.client_fd.reset();
  EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "x").status, Status::Ended);
  EXPECT_FALSE(pair.server->has_unsent());
}

TEST_F(SessionTest, FailsOnARecordThatWasChanged) {
  TestPair pair = connected();
  std::string forged_record("\x17\x03\x03\x00\x20", 5);
  forged_record += std::string(32, 'x');
  ASSERT_EQ(io::send(pair.client_fd.get(), std::span<const char>(forged_record)).bytes, 37U);
  std::array<char, 16> buffer{};
  for (int i = 0; i < 2; ++i) {
    const Transfer got = pair.server->receive(pair.server_fd.get(), buffer);
    EXPECT_EQ(got.status, Status::Failed);
    EXPECT_EQ(got.os_errno, EPROTO);
  }
  EXPECT_EQ(pair.server->problem(), "a record does not decrypt");
  EXPECT_EQ(pair.client->receive(pair.client_fd.get(), buffer).status,
            Status::Failed);  // An alert.
  EXPECT_EQ(send_text(*pair.server, pair.server_fd.get(), "x").status, Status::Failed);
}

TEST_F(SessionTest, NeedsLittleMemoryWhileItRests) {
#ifdef PEAR_SANITIZED
  GTEST_SKIP() << "sanitizers have a heap of their own";
#endif
  constexpr std::size_t kSessions = 200;
  constexpr std::size_t kBytesMax = 4'600;
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    ClientOptions options = trusting();
    options.version_max = version;
    options.applications = {Application::Http11};
    static_cast<void>(connected(options));  // What is made once.
    std::vector<TestPair> resting;
    resting.reserve(kSessions);
    const std::size_t before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < kSessions; ++i) {
      TestPair pair(core_, contexts_, *client_context_);
      ASSERT_TRUE(pair.shake_hands().done());
      static_cast<void>(send_text(*pair.client, pair.client_fd.get(), "ping"));
      EXPECT_EQ(read_all(*pair.server, pair.server_fd.get()), "ping");
      static_cast<void>(send_text(*pair.server, pair.server_fd.get(), "pong"));
      pair.client.reset();
      resting.push_back(std::move(pair));
    }
    const std::size_t each = (::mallinfo2().uordblks - before) / kSessions;
    RecordProperty(version == Version::Tls12 ? "bytes_tls12" : "bytes_tls13",
                   static_cast<int>(each));
    std::printf("%s: %zu bytes a session\n", std::string(resting[0].server->version()).c_str(),
                each);
    EXPECT_LE(each, kBytesMax);
  }
}

}  // namespace
}  // namespace pear::io::tls
