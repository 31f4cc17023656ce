// Handshakes, whole and broken, cut and under back-pressure.
#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "io/tls/session_fixture.h"

namespace pear::io::tls {
namespace {

using Progress = Session::Progress;
using Status = Transfer::Status;
using Verify = ClientOptions::Verify;

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

}  // namespace
}  // namespace pear::io::tls
