#include "io/tls/byte_stream.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

using Status = Transfer::Status;

class ByteStreamTest : public testing::Test {
 protected:
  std::pair<ByteStream, ByteStream> plain() {
    auto [left, right] = socket_pair();
    return {ByteStream(std::move(left)), ByteStream(std::move(right))};
  }
  std::pair<ByteStream, ByteStream> with_tls() {
    TestPair pair(core_, contexts_, *client_);
    EXPECT_TRUE(pair.shake_hands().done());
    return {ByteStream(std::move(pair.client_fd), std::move(pair.client)),
            ByteStream(std::move(pair.server_fd), std::move(pair.server))};
  }
  static std::string all_of(ByteStream& stream, bool& ended) {
    std::string text;
    std::array<char, 65'536> buffer{};
    for (;;) {
      const Transfer got = stream.receive(buffer);
      ended = got.status == Status::Ended;
      if (got.status != Status::Done) return text;
      text.append(buffer.data(), got.bytes);
    }
  }

  TestCertificates certificates_;
  TestCore core_;
  std::shared_ptr<const ServerContexts> contexts_ =
      must_load(ContextOptions{.certificates = {certificates_.make({})}});
  std::unique_ptr<ClientContext> client_ =
      must_load(ClientOptions{.verify = ClientOptions::Verify::Off});
};

TEST_F(ByteStreamTest, CarriesBytesAndTheEndWithAndWithoutTls) {
  for (const bool tls : {false, true}) {
    auto [left, right] = tls ? with_tls() : plain();
    EXPECT_EQ(left.session() != nullptr, tls);
    EXPECT_GE(left.fd(), 0);
    EXPECT_EQ(left.send(std::string_view("hello")).bytes, 5U);
    EXPECT_FALSE(left.has_unsent());
    EXPECT_EQ(left.flush().status, Status::Done);
    left.shut_down_writing();
    bool ended = false;
    EXPECT_EQ(all_of(right, ended), "hello");
    EXPECT_TRUE(ended);
    EXPECT_EQ(right.send(std::string_view("back")).bytes, 4U);
    EXPECT_EQ(all_of(left, ended), "back");
    EXPECT_FALSE(ended);
    right.close();
    EXPECT_EQ(right.fd(), -1);
    EXPECT_EQ(right.session(), nullptr);
  }
}

// What the peer's kernel holds of TLS: how many whole records.
std::size_t records_in(const ByteStream& stream) {
  std::array<std::uint8_t, 4'096> bytes{};
  const ssize_t count = ::recv(stream.fd(), bytes.data(), bytes.size(), MSG_PEEK);
  std::size_t records = 0;
  for (std::size_t at = 0; std::cmp_less(at + 5, count); ++records) {
    at += 5U + std::size_t{bytes[at + 3]} * 256U + bytes[at + 4];
  }
  return records;
}

TEST_F(ByteStreamTest, SendsItsGoodbyeWithTheLastBytesAndOnce) {
  for (const bool tls : {false, true}) {
    auto [left, right] = tls ? with_tls() : plain();
    std::string hello = "hello";
    std::string world = " world";
    const std::array pieces{iovec{.iov_base = hello.data(), .iov_len = hello.size()},
                            iovec{.iov_base = world.data(), .iov_len = world.size()}};
    EXPECT_EQ(left.send_last(pieces).bytes, 11U);
    EXPECT_FALSE(left.has_unsent());
    if (tls) {
      EXPECT_EQ(records_in(right), 2U);
    }
    left.say_goodbye();
    if (tls) {
      EXPECT_EQ(records_in(right), 2U);
    }
    left.close();
    bool ended = false;
    EXPECT_EQ(all_of(right, ended), "hello world");
    EXPECT_TRUE(ended);
  }
}

TEST_F(ByteStreamTest, SaysNoGoodbyeBehindLastBytesThatWereNotAllTaken) {
  auto [left, right] = with_tls();
  std::string much(3'000'000, 'x');
  const iovec piece{.iov_base = much.data(), .iov_len = much.size()};
  const Transfer sent = left.send_last(std::span(&piece, 1));
  ASSERT_LT(sent.bytes, much.size());

  std::string got;
  bool ended = false;
  do {
    got += all_of(right, ended);
    ASSERT_FALSE(ended);
  } while (left.flush().status == Status::WouldBlock || got.size() < sent.bytes);
  EXPECT_EQ(left.send(std::string_view("more")).bytes, 4U);
  EXPECT_EQ(all_of(right, ended), "more");
}

TEST_F(ByteStreamTest, SendsTheEndBehindBytesThatWait) {
  auto [left, right] = with_tls();
  const std::string much(3'000'000, 'x');
  const Transfer sent = left.send(std::span<const char>(much));
  ASSERT_TRUE(left.has_unsent());
  left.shut_down_writing();
  EXPECT_TRUE(left.has_unsent());

  std::string got;
  bool ended = false;
  while (!ended) {
    got += all_of(right, ended);
    const Transfer flushed = left.flush();
    ASSERT_TRUE(flushed.status == Status::Done || flushed.status == Status::WouldBlock);
  }
  EXPECT_EQ(got.size(), sent.bytes);
  EXPECT_FALSE(left.has_unsent());
}

}  // namespace
}  // namespace pear::io::tls
