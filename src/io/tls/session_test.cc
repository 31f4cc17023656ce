#include "io/tls/session.h"

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include "io/tls/client_context.h"
#include "io/tls/server_contexts.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAR_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEAR_SANITIZED
#endif
#endif

namespace pear::io::tls {
namespace {

using Progress = Session::Progress;
using Status = Transfer::Status;
using Verify = ClientOptions::Verify;

// The usual server, and a client that trusts it.
class SessionTest : public testing::Test {
 protected:
  [[nodiscard]] ClientOptions trusting() const {
    return {.verify = Verify::Authorities, .authorities = certificates_.authority()};
  }
  TestPair connected(const ClientOptions& options) {
    client_context_ = must_load(options);
    TestPair pair(core_, contexts_, *client_context_);
    EXPECT_TRUE(pair.shake_hands().done())
        << pair.client->problem() << " / " << pair.server->problem();
    return pair;
  }
  TestPair connected() { return connected(trusting()); }

  TestCertificates certificates_;
  TestCore core_;
  std::shared_ptr<const ServerContexts> contexts_ =
      must_load({.certificates = {certificates_.make({})}});
  std::unique_ptr<ClientContext> client_context_;
};

// Both ways between two sockets, as many bytes at a time as `cut` says.
class Relay {
 public:
  Relay() {
    std::tie(client_fd, client_side_) = socket_pair();
    std::tie(server_fd, server_side_) = socket_pair();
  }
  bool move(std::size_t cut) {
    const std::size_t before = to_server + to_client;
    to_server += move(client_side_.get(), server_side_.get(), cut);
    to_client += move(server_side_.get(), client_side_.get(), cut);
    return to_server + to_client > before;
  }

  UniqueFd client_fd;
  UniqueFd server_fd;
  std::size_t to_server = 0;
  std::size_t to_client = 0;

 private:
  static std::size_t move(int from, int to, std::size_t cut) {
    std::vector<char> bytes(cut);
    const Transfer got = io::receive(from, bytes);
    if (got.status != Status::Done) return 0;
    EXPECT_EQ(io::send(to, std::span<const char>(bytes).first(got.bytes)).bytes, got.bytes);
    return got.bytes;
  }

  UniqueFd client_side_;
  UniqueFd server_side_;
};

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

TEST_F(SessionTest, ShakesHandsAByteAtATime) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    ClientOptions options = trusting();
    options.version_max = version;
    client_context_ = must_load(options);
    Relay relay;
    auto server = Session::accept(contexts_, core_.server);
    auto client = Session::connect(*client_context_, "example.com", core_.client);
    Progress of_client = Progress::WouldBlock;
    Progress of_server = Progress::WouldBlock;
    for (int i = 0; i < 20'000; ++i) {
      if (of_client == Progress::WouldBlock) of_client = client->handshake(relay.client_fd.get());
      if (of_server == Progress::WouldBlock) of_server = server->handshake(relay.server_fd.get());
      if (of_client == Progress::Done && of_server == Progress::Done) break;
      ASSERT_TRUE(relay.move(1)) << client->problem() << " / " << server->problem();
    }
    EXPECT_EQ(of_client, Progress::Done);
    EXPECT_EQ(of_server, Progress::Done);
  }
}

TEST_F(SessionTest, KeepsWhatComesRightBehindTheHandshake) {
  client_context_ = must_load(trusting());
  TestPair pair(core_, contexts_, *client_context_);
  EXPECT_EQ(pair.client->handshake(pair.client_fd.get()), Progress::WouldBlock);
  EXPECT_EQ(pair.server->handshake(pair.server_fd.get()), Progress::WouldBlock);
  EXPECT_EQ(pair.client->handshake(pair.client_fd.get()), Progress::Done);
  EXPECT_EQ(send_text(*pair.client, pair.client_fd.get(), "early").bytes, 5U);

  EXPECT_EQ(pair.server->handshake(pair.server_fd.get()), Progress::Done);
  EXPECT_EQ(read_all(*pair.server, pair.server_fd.get()), "early");
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

TEST_F(SessionTest, AnswersGarbageWithAnAlert) {
  const std::string garbage(100, 'z');
  auto [client_fd, server_fd] = socket_pair();
  auto server = Session::accept(contexts_, core_.server);
  EXPECT_EQ(server->handshake(server_fd.get()), Progress::WouldBlock);
  ASSERT_EQ(io::send(client_fd.get(), std::span<const char>(garbage)).bytes, garbage.size());
  EXPECT_EQ(server->handshake(server_fd.get()), Progress::Failed);
  EXPECT_EQ(server->problem(), "what came is not TLS");
  EXPECT_FALSE(server->client_spoke_plain_http());
  std::array<char, 16> alert{};
  const Transfer got = io::receive(client_fd.get(), alert);
  ASSERT_EQ(got.bytes, 7U);
  EXPECT_EQ(alert[0], 21);  // An alert,
  EXPECT_EQ(alert[5], 2);   // fatal.
}

TEST_F(SessionTest, KnowsPlainHttpWhenItSeesIt) {
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\n\r\n", "POST /x HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n"}) {
    auto [client_fd, server_fd] = socket_pair();
    auto server = Session::accept(contexts_, core_.server);
    ASSERT_EQ(io::send(client_fd.get(), std::span<const char>(request)).bytes, request.size());
    EXPECT_EQ(server->handshake(server_fd.get()), Progress::Failed);
    EXPECT_EQ(server->problem(), "the client spoke plain HTTP");
    EXPECT_TRUE(server->client_spoke_plain_http());
  }
}

TEST_F(SessionTest, FailsWhenTheClientLeavesInTheMiddle) {
  client_context_ = must_load(trusting());
  TestPair pair(core_, contexts_, *client_context_);
  EXPECT_EQ(pair.client->handshake(pair.client_fd.get()), Progress::WouldBlock);
  EXPECT_EQ(pair.server->handshake(pair.server_fd.get()), Progress::WouldBlock);
  pair.client_fd.reset();
  EXPECT_EQ(pair.server->handshake(pair.server_fd.get()), Progress::Failed);
  EXPECT_EQ(pair.server->problem(), "the peer closed the connection");
}

TEST_F(SessionTest, WaitsForTheKernelInTheMiddleOfAHandshake) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("host" + std::to_string(i) + ".example.com");
  names.emplace_back("example.com");
  const auto big =
      must_load({.certificates = {certificates_.make({.file = "big", .names = names})}});
  client_context_ = must_load(trusting());
  TestPair pair(core_, big, *client_context_);
  const int small = 1;
  ASSERT_EQ(::setsockopt(pair.server_fd.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
  EXPECT_TRUE(pair.shake_hands().done());
}

TEST_F(SessionTest, SendsAFlightThatIsLargerThanItsBuffer) {
  std::vector<std::string> names{"example.com"};
  for (int i = 0; i < 3600; ++i) {
    names.push_back("host" + std::to_string(10'000 + i) + ".example.com");
  }
  const auto huge =
      must_load({.certificates = {certificates_.make({.file = "huge", .names = names})}});
  ClientOptions options{.verify = Verify::Off};
  options.compression = CertificateCompression::Refuse;
  client_context_ = must_load(options);
  TestPair pair(core_, huge, *client_context_);
  EXPECT_TRUE(pair.shake_hands().done()) << pair.client->problem();
}

TEST_F(SessionTest, RefusesAServerThatTheClientDoesNotTrust) {
  const TestCertificates others("others");
  client_context_ = must_load({.verify = Verify::Authorities, .authorities = others.authority()});
  TestPair pair(core_, contexts_, *client_context_);
  const auto outcome = pair.shake_hands();
  EXPECT_EQ(outcome.client, Progress::Failed);
  EXPECT_EQ(outcome.server, Progress::Failed);
  EXPECT_EQ(pair.server->problem(), "the peer does not trust the certificate's issuer");

  client_context_ = must_load(trusting());
  TestPair wrong_name(core_, contexts_, *client_context_, "example.org");
  EXPECT_EQ(wrong_name.shake_hands().client, Progress::Failed);
  EXPECT_EQ(wrong_name.client->problem(), "Hostname mismatch");
}

TEST_F(SessionTest, ChoosesAProtocolByAlpn) {
  using enum Application;
  struct Case {
    std::vector<Application> offered;
    bool http2;
    std::optional<Application> chosen;
  };
  const std::vector<Case> cases{
      {{Http11, Http2}, true, Http2},
      {{Http2}, true, Http2},
      {{Http11}, true, Http11},
      {{Http2, Http11}, false, Http11},
      {{Http2}, false, std::nullopt},
      {{Http3}, true, std::nullopt},
      {{}, true, None},
  };
  for (const Case& each : cases) {
    const auto contexts =
        must_load({.certificates = {certificates_.make({})}, .http2 = each.http2});
    ClientOptions options = trusting();
    options.applications = each.offered;
    client_context_ = must_load(options);
    TestPair pair(core_, contexts, *client_context_);
    const auto outcome = pair.shake_hands();
    ASSERT_EQ(outcome.done(), each.chosen.has_value());
    if (each.chosen) {
      EXPECT_EQ(pair.server->application(), *each.chosen);
      EXPECT_EQ(pair.client->application(), *each.chosen);
    } else {
      EXPECT_EQ(pair.server->problem(), "no protocol of the client's ALPN is spoken here");
      EXPECT_EQ(pair.client->problem(), "the peer speaks no protocol of the ALPN");
    }
  }
}

TEST_F(SessionTest, SendsCompressedCertificatesToThoseWhoTakeThem) {
  std::vector<std::string> names{"example.com"};
  for (int i = 0; i < 100; ++i) names.push_back("host" + std::to_string(i) + ".example.com");
  const auto contexts =
      must_load({.certificates = {certificates_.make({.file = "many", .names = names})}});
  std::array<std::size_t, 2> bytes{};
  for (const auto compression : {CertificateCompression::Refuse, CertificateCompression::Use}) {
    ClientOptions options = trusting();
    options.compression = compression;
    client_context_ = must_load(options);
    Relay relay;
    auto server = Session::accept(contexts, core_.server);
    auto client = Session::connect(*client_context_, "example.com", core_.client);
    Progress of_client = Progress::WouldBlock;
    while (of_client == Progress::WouldBlock) {
      of_client = client->handshake(relay.client_fd.get());
      static_cast<void>(relay.move(10'000));
      if (of_client == Progress::WouldBlock) {
        ASSERT_NE(server->handshake(relay.server_fd.get()), Progress::Failed) << server->problem();
      }
      static_cast<void>(relay.move(10'000));
    }
    EXPECT_EQ(of_client, Progress::Done) << client->problem();
    bytes[compression == CertificateCompression::Use ? 1 : 0] = relay.to_client;
  }
  EXPECT_LT(bytes[1] + 1000, bytes[0]);
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
