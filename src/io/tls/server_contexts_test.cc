#include "io/tls/server_contexts.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "io/tls/certificate_file.h"
#include "io/tls/client_context.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"
#include "io/tls/ticket_keys.h"

namespace pear::io::tls {
namespace {

using Key = TestCertificates::Key;
using Progress = Session::Progress;
using Verify = ClientOptions::Verify;
using std::chrono::days;

const TestCertificates& certificates() {
  static const TestCertificates made;
  return made;
}

ClientOptions trusting() {
  return {.verify = Verify::Authorities, .authorities = certificates().authority()};
}

// ---- Which certificate.

TEST(ServerContexts, ChooseByNameExactThenWildcardThenFirst) {
  const auto contexts = must_load(ContextOptions{
      .certificates = {certificates().make({.file = "first", .names = {"first.example.com"}}),
                       certificates().make({.file = "wild", .names = {"*.example.com"}}),
                       certificates().make({.file = "exact", .names = {"www.example.com"}})}});
  ASSERT_EQ(contexts->sets().size(), 3U);
  const auto client = must_load(ClientOptions{.verify = Verify::Off});
  TestCore core;
  const auto set_for = [&](std::string_view host) {
    TestPair pair(core, contexts, *client, host);
    EXPECT_TRUE(pair.shake_hands().done());
    for (std::size_t i = 0; i < 3; ++i) {
      if (pair.server->certificates() == contexts->sets()[i].get()) return i;
    }
    return std::size_t{99};
  };
  EXPECT_EQ(set_for("www.example.com"), 2U);
  EXPECT_EQ(set_for("WWW.Example.COM"), 2U);
  EXPECT_EQ(set_for("other.example.com"), 1U);
  EXPECT_EQ(set_for("first.example.com"), 0U);
  EXPECT_EQ(set_for("a.b.example.com"), 0U);
  EXPECT_EQ(set_for("example.org"), 0U);
  EXPECT_EQ(set_for("127.0.0.1"), 0U);  // No SNI.
  EXPECT_EQ(set_for(""), 0U);
}

TEST(ServerContexts, PutCertificatesOfTheSameNamesSideBySide) {
  const std::vector<std::string> names{"example.com", "www.example.com"};
  const auto contexts = must_load(ContextOptions{
      .certificates = {
          certificates().make({.file = "rsa", .names = names, .key = Key::Rsa2048}),
          certificates().make({.file = "ec", .names = {names[1], names[0]}, .key = Key::P256})}});
  ASSERT_EQ(contexts->sets().size(), 1U);
  const CertificateSet& set = *contexts->sets().front();
  ASSERT_EQ(set.members().size(), 2U);
  EXPECT_EQ(set.members()[0].key_kind, "ECDSA P-256");
  EXPECT_EQ(set.members()[1].key_kind, "RSA 2048");
  EXPECT_EQ(set.members()[0].expires, kTestNow + days(90));

  TestCore core;
  struct Case {
    std::vector<std::uint16_t> algorithms;
    bool connects;
  };
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    for (const Case& each :
         {Case{{SSL_SIGN_ECDSA_SECP256R1_SHA256}, true}, Case{{SSL_SIGN_RSA_PSS_RSAE_SHA256}, true},
          Case{{SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_ECDSA_SECP256R1_SHA256}, true},
          Case{{SSL_SIGN_ED25519}, false}}) {
      const auto client = must_load(ClientOptions{
          .verify = Verify::Off, .version_max = version, .signature_algorithms = each.algorithms});
      TestPair pair(core, contexts, *client);
      EXPECT_EQ(pair.shake_hands().done(), each.connects);
    }
  }
}

TEST(ServerContexts, PreferAGroupThatQuantumComputersDoNotBreak) {
  const auto contexts = must_load(ContextOptions{.certificates = {certificates().make({})}});
  const auto client = must_load(trusting());
  TestCore core;
  TestPair pair(core, contexts, *client);
  ASSERT_TRUE(pair.shake_hands().done());
  EXPECT_EQ(pair.server->key_exchange(), "X25519MLKEM768");
}

TEST(ServerContexts, OfNoCertificateRefuseHandshakesAtOnce) {
  TestCore core;
  const auto client = must_load(ClientOptions{.verify = Verify::Off});
  TestPair pair(core, ServerContexts::refusing(), *client);

  const auto outcome = pair.shake_hands();

  EXPECT_EQ(outcome.server, Session::Progress::Failed);
  EXPECT_EQ(outcome.client, Session::Progress::Failed);
  EXPECT_EQ(pair.server->problem(), "there is no certificate to show");
  EXPECT_EQ(pair.client->problem(), "the peer found nothing in common, or has no certificate");
}

TEST(ServerContexts, RefuseOldVersions) {
  const auto contexts = must_load(
      ContextOptions{.certificates = {certificates().make({})}, .version_min = Version::Tls13});
  ClientOptions options = trusting();
  options.version_max = Version::Tls12;
  const auto client = must_load(options);
  TestCore core;
  TestPair pair(core, contexts, *client);
  EXPECT_EQ(pair.shake_hands().server, Progress::Failed);
  EXPECT_EQ(pair.server->problem(), "no TLS version in common");
}

// ---- Certificates of clients.

class ClientCertificates : public testing::Test {
 protected:
  struct Outcome {
    bool done = false;
    std::string subject;
    std::string problem;
    bool covers = false;
  };
  Outcome connect(const ServerContexts& judge, std::optional<CertificateFiles> shown,
                  std::string_view host = "example.com", std::string_view asked = "") {
    ClientOptions options{.verify = Verify::Off, .certificate = std::move(shown)};
    options.version_max = version_;
    const auto client = must_load(options);
    TestPair pair(core_, contexts_, *client, host);
    Outcome outcome;
    outcome.done = pair.shake_hands().done();
    outcome.subject = pair.server->client_subject();
    outcome.problem = pair.server->problem();
    outcome.covers = judge.covers(pair.server->facts(), asked.empty() ? host : asked);
    return outcome;
  }
  Outcome connect(std::optional<CertificateFiles> shown, std::string_view host = "example.com",
                  std::string_view asked = "") {
    return connect(*contexts_, std::move(shown), host, asked);
  }
  void serve(std::vector<ClientRule> rules) { contexts_ = load(std::move(rules)); }
  static std::shared_ptr<const ServerContexts> load(std::vector<ClientRule> rules) {
    return must_load(
        ContextOptions{.certificates = {certificates().make(
                           {.names = {"example.com", "*.example.com", "safe.example.org"}})},
                       .clients = std::move(rules)});
  }

  TestCore core_;
  TestCertificates users_{"users"};
  TestCertificates strangers_{"strangers"};
  std::shared_ptr<const ServerContexts> contexts_;
  Version version_ = Version::Tls13;
};

TEST_F(ClientCertificates, AreNotAskedForWhenOff) {
  serve({{.hosts = {}, .check = ClientCheck::Off, .authorities = {}}});
  const Outcome outcome = connect(users_.client("alice"));
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.subject, "");
  EXPECT_TRUE(outcome.covers);
}

TEST_F(ClientCertificates, AreCheckedWhenRequired) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    version_ = version;
    serve({{.hosts = {}, .check = ClientCheck::Require, .authorities = users_.authority()}});
    const Outcome good = connect(users_.client("alice"));
    EXPECT_TRUE(good.done) << good.problem;
    EXPECT_EQ(good.subject, "CN=alice");
    EXPECT_TRUE(good.covers);
    EXPECT_EQ(connect(std::nullopt).problem, "the client showed no certificate");
    EXPECT_EQ(connect(strangers_.client("mallory")).problem,
              "self signed certificate in certificate chain");
    EXPECT_EQ(connect(users_.client("old", days(-1))).problem, "certificate has expired");
    // Of a server, by the right authority.
    EXPECT_EQ(connect(users_.make({})).problem, "unsupported certificate purpose");
  }
}

TEST_F(ClientCertificates, MayBeMissingButNotWrongWhenOptional) {
  serve({{.hosts = {}, .check = ClientCheck::Optional, .authorities = users_.authority()}});
  const Outcome none = connect(std::nullopt);
  EXPECT_TRUE(none.done);
  EXPECT_EQ(none.subject, "");
  EXPECT_TRUE(none.covers);
  EXPECT_EQ(connect(users_.client("alice")).subject, "CN=alice");
  EXPECT_FALSE(connect(strangers_.client("mallory")).done);
}

TEST_F(ClientCertificates, FollowTheRuleThatNamesTheHostMostExactly) {
  serve({{.hosts = {}, .check = ClientCheck::Off, .authorities = {}},
         {.hosts = {"*.example.com"},
          .check = ClientCheck::Optional,
          .authorities = users_.authority()},
         {.hosts = {"admin.example.com"},
          .check = ClientCheck::Require,
          .authorities = users_.authority()}});
  EXPECT_TRUE(connect(std::nullopt, "example.com").done);
  EXPECT_TRUE(connect(std::nullopt, "www.example.com").done);
  EXPECT_EQ(connect(users_.client("alice"), "www.example.com").subject, "CN=alice");
  EXPECT_FALSE(connect(std::nullopt, "admin.example.com").done);
  EXPECT_TRUE(connect(users_.client("alice"), "admin.example.com").done);
}

TEST_F(ClientCertificates, AreNotAvoidedByAskingForAnotherHostLater) {
  const std::vector<ClientRule> rules{{.hosts = {"admin.example.com"},
                                       .check = ClientCheck::Require,
                                       .authorities = users_.authority()},
                                      {.hosts = {"safe.example.org"},
                                       .check = ClientCheck::Require,
                                       .authorities = strangers_.authority()},
                                      {.hosts = {"www.example.com"},
                                       .check = ClientCheck::Optional,
                                       .authorities = users_.authority()}};
  serve(rules);
  const auto alice = users_.client("alice");
  EXPECT_TRUE(connect(alice, "example.com", "example.com").covers);
  EXPECT_FALSE(connect(alice, "example.com", "admin.example.com").covers);
  EXPECT_FALSE(connect(alice, "example.com", "www.example.com").covers);
  EXPECT_TRUE(connect(alice, "www.example.com", "admin.example.com").covers);
  EXPECT_FALSE(connect(std::nullopt, "www.example.com", "admin.example.com").covers);
  EXPECT_TRUE(connect(alice, "admin.example.com", "www.example.com").covers);
  EXPECT_TRUE(connect(alice, "admin.example.com", "example.com").covers);
  EXPECT_FALSE(connect(alice, "admin.example.com", "safe.example.org").covers);
  EXPECT_FALSE(connect(alice, "admin.example.com", "example.net").covers);
  // After a reload the same authorities are still the same, and others are others.
  EXPECT_TRUE(connect(*load(rules), alice, "www.example.com", "admin.example.com").covers);
  EXPECT_FALSE(connect(*load({{.hosts = {"admin.example.com"},
                               .check = ClientCheck::Require,
                               .authorities = strangers_.authority()}}),
                       alice, "admin.example.com")
                   .covers);
}

// ---- Resumption.

class Resumption : public testing::Test {
 protected:
  // A session with an exchange, so that tickets travel. Whether it resumed another.
  bool visit(const std::shared_ptr<const ServerContexts>& contexts) {
    TestPair pair(core_, contexts, *client_);
    EXPECT_TRUE(pair.shake_hands().done());
    static_cast<void>(send_text(*pair.server, pair.server_fd.get(), "hello"));
    EXPECT_EQ(read_all(*pair.client, pair.client_fd.get()), "hello");
    EXPECT_EQ(pair.client->resumed(), pair.server->resumed());
    last_subject_ = pair.server->client_subject();
    return pair.server->resumed();
  }
  void use(Version version) {
    ClientOptions options = trusting();
    options.version_max = version;
    options.resume = ClientOptions::Resume::LastTicket;
    options.certificate = alice_;
    client_ = must_load(options);
  }
  [[nodiscard]] std::shared_ptr<const ServerContexts> load(
      std::shared_ptr<TicketKeys> keys, std::vector<ClientRule> rules = {}) const {
    return must_load(ContextOptions{
        .certificates = {files_}, .clients = std::move(rules), .tickets = std::move(keys)});
  }

  TestCore core_;
  CertificateFiles files_ = certificates().make({});
  TestCertificates users_{"users"};
  std::optional<CertificateFiles> alice_;
  std::unique_ptr<ClientContext> client_;
  std::string last_subject_;
};

TEST_F(Resumption, WorksAcrossContextsThatShareTheirKeys) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    use(version);
    const auto keys = TicketKeys::in_process();
    EXPECT_FALSE(visit(load(keys)));
    ASSERT_TRUE(client_->has_ticket());
    EXPECT_TRUE(visit(load(keys)));
    EXPECT_TRUE(visit(load(keys)));
    EXPECT_FALSE(visit(load(TicketKeys::in_process())));
    client_->forget_ticket();
    EXPECT_FALSE(visit(load(keys)));
  }
}

TEST_F(Resumption, RenewsTicketsOfTheLastKeyAndRefusesOlderOnes) {
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    use(version);
    core_.server.set_wall_time(kTestNow);
    const auto contexts = load(nullptr);
    EXPECT_FALSE(visit(contexts));
    core_.server.set_wall_time(kTestNow + std::chrono::hours(13));
    EXPECT_TRUE(visit(contexts));  // With a ticket of the first key; it gets one of the second.
    core_.server.set_wall_time(kTestNow + std::chrono::hours(26));
    EXPECT_TRUE(visit(contexts));
    core_.server.set_wall_time(kTestNow + std::chrono::hours(26 + 25));
    EXPECT_FALSE(visit(contexts));
  }
}

TEST_F(Resumption, KeepsTheSubjectAndNeverPassesARuleBy) {
  const auto keys = TicketKeys::in_process();
  const ClientRule require{
      .hosts = {}, .check = ClientCheck::Require, .authorities = users_.authority()};
  for (const Version version : {Version::Tls12, Version::Tls13}) {
    alice_.reset();
    use(version);
    EXPECT_FALSE(visit(load(keys)));
    ASSERT_TRUE(client_->has_ticket());
    // A ticket that was given without a certificate is no way in.
    TestPair pair(core_, load(keys, {require}), *client_);
    EXPECT_FALSE(pair.shake_hands().done());

    alice_ = users_.client("alice");
    use(version);
    EXPECT_FALSE(visit(load(keys, {require})));
    EXPECT_TRUE(visit(load(keys, {require})));
    EXPECT_EQ(last_subject_, "CN=alice");
    EXPECT_FALSE(visit(load(keys)));  // Nor does a subject go where nobody asked for it.
    EXPECT_EQ(last_subject_, "");
  }
}

}  // namespace
}  // namespace pear::io::tls
