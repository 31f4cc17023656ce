// What is wrong with the files that contexts are made of, and how it is told.
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "io/tls/certificate_file.h"
#include "io/tls/client_context.h"
#include "io/tls/server_contexts.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

using Key = TestCertificates::Key;
using Verify = ClientOptions::Verify;
using std::chrono::days;

class Problems : public testing::Test {
 protected:
  static ServerContexts::Loaded load(const CertificateFiles& files) {
    return ServerContexts::load({.certificates = {files}}, kTestNow);
  }
  static std::string problem_of(const CertificateFiles& files) {
    const auto loaded = load(files);
    EXPECT_EQ(loaded.contexts, nullptr);
    EXPECT_EQ(loaded.problems.size(), 1U);
    return loaded.problems.empty() ? "" : loaded.problems.front().text;
  }
  static std::string warning_of(const CertificateFiles& files) {
    const auto loaded = load(files);
    EXPECT_NE(loaded.contexts, nullptr);
    EXPECT_EQ(loaded.warnings.size(), 1U);
    return loaded.warnings.empty() ? "" : loaded.warnings.front().text;
  }
  static std::string text_of(const std::filesystem::path& path) {
    return read_file(path).value_or("");
  }

  TestCertificates made_{"problems"};
};

#define EXPECT_SAYS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "says: " << (text)

TEST_F(Problems, AreNoneForGoodFiles) {
  const auto loaded = load(made_.make({}));
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_TRUE(loaded.warnings.empty());
}

TEST_F(Problems, NameFilesThatAreNotThere) {
  CertificateFiles files = made_.make({});
  const CertificateFiles good = files;
  files.chain = "/nowhere/chain.pem";
  EXPECT_SAYS(problem_of(files),
              "/nowhere/chain.pem: the certificate cannot be read: No such file");
  files = good;
  files.key = "/nowhere/key.pem";
  EXPECT_SAYS(problem_of(files), "/nowhere/key.pem: the key cannot be read: No such file");
  files = good;
  files.key = made_.folder().path();
  EXPECT_SAYS(problem_of(files), "it is not a regular file");
  files = good;
  files.ocsp = "/nowhere/ocsp.der";
  EXPECT_SAYS(problem_of(files), "/nowhere/ocsp.der: the OCSP response cannot be read");
  const auto none = ServerContexts::load({}, kTestNow);
  ASSERT_EQ(none.problems.size(), 1U);
  EXPECT_SAYS(none.problems.front().text, "TLS needs a certificate");
}

TEST_F(Problems, TellWhatIsNoPem) {
  CertificateFiles files = made_.make({});
  const CertificateFiles good = files;
  files.chain = made_.folder().write("der.pem", "\x30\x82\x01");
  EXPECT_SAYS(problem_of(files), "holds no certificate in PEM");
  files.chain = made_.folder().write(
      "bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_SAYS(problem_of(files), "certificate 1 is damaged");
  files.chain = made_.folder().write("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
  EXPECT_SAYS(problem_of(files), "the PEM of certificate 1 is damaged");
  files.chain = made_.folder().write("big.pem", std::string((1 << 20) + 1, 'x'));
  EXPECT_SAYS(problem_of(files), "it is larger than 1 MiB");
  files = good;
  files.key = good.chain;
  EXPECT_SAYS(problem_of(files), "holds no private key in PEM");
  files.key = made_.folder().write("secret.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_SAYS(problem_of(files), "the key is encrypted");
}

TEST_F(Problems, TellWhenKeyAndCertificateDoNotFit) {
  CertificateFiles files = made_.make({.file = "one"});
  files.key = made_.make({.file = "two"}).key;
  EXPECT_SAYS(problem_of(files), "two.key: the key does not fit the certificate in");
  files.key = made_.make({.file = "three", .key = Key::Rsa2048}).key;
  EXPECT_SAYS(problem_of(files), "does not fit");
}

TEST_F(Problems, RefuseWeakKeys) {
  EXPECT_SAYS(problem_of(made_.make({.key = Key::Rsa1024})), "is an RSA key of 1024 bits");
}

TEST_F(Problems, RefuseCertificatesWithoutNames) {
  EXPECT_SAYS(problem_of(made_.make({.names = {}})), "the certificate names no host");
}

TEST_F(Problems, TellWhenTheChainIsInTheWrongOrder) {
  const TestCertificates other("other");
  CertificateFiles files = made_.make({});
  const std::string whole = text_of(files.chain);
  const std::string own = whole.substr(0, whole.find("-----BEGIN", 1));
  files.chain = made_.folder().write("wrong.pem", own + text_of(other.authority()));
  EXPECT_SAYS(problem_of(files), "the chain is in the wrong order: certificate 1");
  files.chain = made_.folder().write("reversed.pem", text_of(made_.authority()) + own);
  EXPECT_SAYS(problem_of(files), "wrong order: the key is that of certificate 2");
}

TEST_F(Problems, WarnOfTimes) {
  EXPECT_SAYS(warning_of(made_.make({.ends = days(-1)})), "the certificate expired on");
  EXPECT_SAYS(warning_of(made_.make({.ends = days(14)})), "the certificate expires on 2027-01-29");
  EXPECT_SAYS(warning_of(made_.make({.begins = days(1)})), "is valid only from");
  EXPECT_TRUE(load(made_.make({.ends = days(15)})).warnings.empty());
}

TEST_F(Problems, WarnOfKeysThatOthersMayRead) {
  const CertificateFiles files = made_.make({});
  ASSERT_EQ(::chmod(files.key.c_str(), 0640), 0);
  EXPECT_SAYS(warning_of(files), "other users may read the key (mode 640)");
}

TEST_F(Problems, WarnOfCertificatesThatAreNeverUsed) {
  const auto first = made_.make({.file = "a", .names = {"a.example.com", "b.example.com"}});
  const auto loaded = ServerContexts::load(
      {.certificates = {first, made_.make({.file = "b", .names = {"b.example.com"}}),
                        made_.make({.file = "c", .names = {"a.example.com", "b.example.com"}})}},
      kTestNow);
  ASSERT_EQ(loaded.warnings.size(), 2U);
  EXPECT_SAYS(loaded.warnings[0].text, "c.pem: is never used");
  EXPECT_SAYS(loaded.warnings[1].text, "b.pem: is never used");
}

TEST_F(Problems, OfOneCertificateLeaveTheOthers) {
  const CertificateFiles missing{.chain = "/nowhere/1", .key = "/nowhere/2", .ocsp = {}};
  const auto loaded = ServerContexts::load(
      {.certificates = {missing, made_.make({.file = "a", .names = {"a.example.com"}}),
                        made_.make(
                            {.file = "weak", .names = {"w.example.com"}, .key = Key::Rsa1024}),
                        made_.make({.file = "b", .names = {"b.example.com"}})}},
      kTestNow);
  EXPECT_EQ(loaded.problems.size(), 3U);
  ASSERT_NE(loaded.contexts, nullptr);
  ASSERT_EQ(loaded.contexts->sets().size(), 2U);
  const auto client = must_load(ClientOptions{.verify = Verify::Off});
  TestCore core;
  const auto set_for = [&](std::string_view host) {
    TestPair pair(core, loaded.contexts, *client, host);
    EXPECT_TRUE(pair.shake_hands().done());
    return pair.server->certificates()->names().front();
  };
  EXPECT_EQ(set_for("a.example.com"), "a.example.com");
  EXPECT_EQ(set_for("b.example.com"), "b.example.com");
  EXPECT_EQ(set_for("w.example.com"), "a.example.com");  // The first that is right.
}

TEST_F(Problems, OfARuleForClientsLeaveNothing) {
  const auto refused = [&](std::vector<ClientRule> rules) {
    const auto loaded = ServerContexts::load(
        {.certificates = {made_.make({})}, .clients = std::move(rules)}, kTestNow);
    EXPECT_EQ(loaded.problems.size(), 1U);
    return loaded.contexts == nullptr;
  };
  const ClientRule good{
      .hosts = {}, .check = ClientCheck::Require, .authorities = made_.authority()};
  EXPECT_TRUE(refused({{.hosts = {}, .check = ClientCheck::Require, .authorities = {}}}));
  EXPECT_TRUE(refused(
      {good, {.hosts = {}, .check = ClientCheck::Optional, .authorities = "/nowhere/ca.pem"}}));
}

TEST_F(Problems, WarnOfTimesAgainWithoutTheFiles) {
  const auto loaded = ServerContexts::load(
      {.certificates = {made_.make({.file = "a", .names = {"a.example.com"}, .ends = days(20)}),
                        made_.make({.file = "b", .names = {"b.example.com"}, .ends = days(30)})}},
      kTestNow);
  ASSERT_NE(loaded.contexts, nullptr);
  const auto warnings_after = [&](std::chrono::seconds passed) {
    return loaded.contexts->expiry_warnings(kTestNow + passed);
  };
  EXPECT_TRUE(warnings_after(days(6) - std::chrono::seconds(1)).empty());
  ASSERT_EQ(warnings_after(days(6)).size(), 1U);
  EXPECT_SAYS(warnings_after(days(6)).front().text, "a.pem: the certificate expires on 2027-02-04");
  ASSERT_EQ(warnings_after(days(20)).size(), 2U);
  EXPECT_SAYS(warnings_after(days(20)).front().text,
              "a.pem: the certificate expired on 2027-02-04");
  EXPECT_SAYS(warnings_after(days(20)).back().text, "b.pem: the certificate expires on 2027-02-14");
}

TEST_F(Problems, AreAllToldAtOnce) {
  const auto loaded = ServerContexts::load(
      {.certificates = {{.chain = "/nowhere/1", .key = "/nowhere/2", .ocsp = {}}},
       .clients = {{.hosts = {}, .check = ClientCheck::Require, .authorities = {}},
                   {.hosts = {}, .check = ClientCheck::Require, .authorities = "/nowhere/3"}}},
      kTestNow);
  ASSERT_EQ(loaded.problems.size(), 4U);
  EXPECT_SAYS(loaded.problems[0].text, "without naming the file of the authorities");
  EXPECT_SAYS(loaded.problems[1].text, "/nowhere/3");
  EXPECT_SAYS(loaded.problems[2].text, "/nowhere/1");
  EXPECT_SAYS(loaded.problems[3].text, "/nowhere/2");
  EXPECT_EQ(loaded.problems[0].file, "");
  EXPECT_EQ(loaded.problems[1].file, "/nowhere/3");
  EXPECT_EQ(loaded.problems[3].file, "/nowhere/2");
}

}  // namespace
}  // namespace pear::io::tls
