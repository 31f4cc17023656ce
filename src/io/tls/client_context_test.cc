#include "io/tls/client_context.h"

#include <string>

#include <gtest/gtest.h>

#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

using Progress = Session::Progress;
using Verify = ClientOptions::Verify;

class ClientContextTest : public testing::Test {
 protected:
  TestCertificates certificates_;
  TestCore core_;
  std::shared_ptr<const ServerContexts> contexts_ = must_load(
      ContextOptions{.certificates = {certificates_.make({.names = {"a.test", "b.test"}})}});
};

TEST_F(ClientContextTest, ConnectsToAnyoneWhenItIsToldTo) {
  const auto client = must_load(ClientOptions{.verify = Verify::Off});
  for (const std::string_view host : {"wrong.test", "127.0.0.1", "::1", ""}) {
    TestPair pair(core_, contexts_, *client, host);
    EXPECT_TRUE(pair.shake_hands().done()) << host;
  }
}

TEST_F(ClientContextTest, TrustsTheSystemsAuthoritiesAlone) {
  auto loaded = ClientContext::load({.verify = Verify::SystemRoots}, kTestNow);
  if (loaded.context == nullptr) {
    // A machine without ca-certificates.
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_NE(loaded.problems.front().find("cannot be read"), std::string::npos);
    return;
  }
  TestPair pair(core_, contexts_, *loaded.context, "a.test");
  EXPECT_EQ(pair.shake_hands().client, Progress::Failed);
}

TEST_F(ClientContextTest, VerifiesByTheTimeOfItsWorkspace) {
  const auto client = must_load(
      ClientOptions{.verify = Verify::Authorities, .authorities = certificates_.authority()});
  core_.client.set_wall_time(kTestNow + std::chrono::days(91));
  TestPair pair(core_, contexts_, *client, "a.test");
  EXPECT_EQ(pair.shake_hands().client, Progress::Failed);
  EXPECT_EQ(pair.client->problem(), "certificate has expired");
  EXPECT_EQ(pair.server->problem(), "the peer says that the certificate has expired");
}

TEST_F(ClientContextTest, OffersATicketOnlyToTheNameThatGaveIt) {
  const auto client =
      must_load(ClientOptions{.verify = Verify::Off, .resume = ClientOptions::Resume::LastTicket});
  const auto resumes = [&](std::string_view host) {
    TestPair pair(core_, contexts_, *client, host);
    EXPECT_TRUE(pair.shake_hands().done());
    static_cast<void>(send_text(*pair.server, pair.server_fd.get(), "x"));
    static_cast<void>(read_all(*pair.client, pair.client_fd.get()));
    return pair.client->resumed();
  };
  EXPECT_FALSE(resumes("a.test"));
  EXPECT_TRUE(resumes("a.test"));
  EXPECT_FALSE(resumes("b.test"));
  EXPECT_TRUE(resumes("b.test"));
}

TEST_F(ClientContextTest, SaysWhichFileIsWrong) {
  const auto loaded = ClientContext::load(
      {.verify = Verify::Authorities,
       .authorities = "/nowhere/ca.pem",
       .certificate = CertificateFiles{.chain = "/nowhere/c.pem", .key = "/nowhere/k", .ocsp = {}}},
      kTestNow);
  EXPECT_EQ(loaded.context, nullptr);
  ASSERT_EQ(loaded.problems.size(), 3U);
  EXPECT_NE(loaded.problems[0].find("/nowhere/ca.pem"), std::string::npos);
  EXPECT_NE(loaded.problems[1].find("/nowhere/c.pem"), std::string::npos);
}

}  // namespace
}  // namespace pear::io::tls
