#include "control/certificate_files.h"

#include <string>

#include <gtest/gtest.h>

#include "io/tls/test_certificates.h"

namespace pear::control {
namespace {

using io::tls::CertificateFiles;
using io::tls::kTestNow;
using io::tls::TestCertificates;
using std::chrono::days;

constexpr std::string_view kHead =
    "pear_version = 1\n"
    "[server]\n"
    "preset = \"default\"\n"
    "https = \"127.0.0.1:8443\"\n";

class CertificateFilesTest : public testing::Test {
 protected:
  [[nodiscard]] CertificateCheck check(const std::string& text,
                                       const config::Overrides& overrides = {}) {
    loaded_ = config::load_text(
        {.file = made_.folder().path() / "pear.toml", .text = std::string(kHead) + text},
        overrides);
    EXPECT_NE(loaded_.settings, nullptr) << config::to_text(loaded_.problems.at(0));
    return check_certificates(*loaded_.settings, loaded_.origins, kTestNow);
  }
  // In the folder of the project, where a name will do.
  [[nodiscard]] CertificateFiles make(const std::string& name, days ends = days(90)) const {
    return made_.make({.file = name, .names = {name + ".test"}, .ends = ends});
  }
  [[nodiscard]] std::string place(std::string_view rest) const {
    return (made_.folder().path() / "pear.toml").native() + std::string(rest);
  }
  [[nodiscard]] std::string file(std::string_view name) const {
    return (made_.folder().path() / name).native();
  }

  TestCertificates made_;
  config::LoadResult loaded_;
};

// Behind kHead, in lines 5 to 7.
std::string table_of(const std::string& chain, const std::string& key) {
  return "[[server.certificate]]\nchain = \"" + chain + "\"\nkey = \"" + key + "\"\n";
}
constexpr std::string_view kSite = "[site.shop]\nsource = \"shop.wasm\"\n";

TEST_F(CertificateFilesTest, ThatAreRightHaveNoProblems) {
  static_cast<void>(make("a"));

  const CertificateCheck found = check(table_of("a.pem", "a.key") + std::string(kSite));

  EXPECT_TRUE(found.problems.empty()) << config::to_text(found.problems[0]);
  EXPECT_TRUE(found.warnings.empty()) << config::to_text(found.warnings[0]);
  EXPECT_TRUE(found.can_serve);
}

TEST_F(CertificateFilesTest, AreNamedAtTheSettingsThatNameThemAllAtOnce) {
  static_cast<void>(make("a"));
  static_cast<void>(make("b"));
  made_.folder().write("garbage.pem", "nothing\n");

  const CertificateCheck found =
      check(table_of("missing.pem", "a.key") + table_of("a.pem", "b.key") +
            table_of("garbage.pem", "b.key") + std::string(kSite));

  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_EQ(config::to_text(found.problems[0]),
            place(":6:9: server.certificate[0].chain: ") + file("missing.pem") +
                ": the certificate cannot be read: No such file or directory");
  EXPECT_EQ(config::to_text(found.problems[1]),
            place(":10:7: server.certificate[1].key: ") + file("b.key") +
                ": the key does not fit the certificate in " + file("a.pem") +
                "; give the key that it was made with");
  EXPECT_EQ(config::to_text(found.problems[2]),
            place(":12:9: server.certificate[2].chain: ") + file("garbage.pem") +
                ": holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  EXPECT_FALSE(found.can_serve);
}

TEST_F(CertificateFilesTest, ThatHaveExpiredOrAreNotYetValidAreWarnings) {
  static_cast<void>(make("old", days(-1)));
  static_cast<void>(made_.make({.file = "new", .names = {"new.test"}, .begins = days(1)}));

  const CertificateCheck found =
      check(table_of("old.pem", "old.key") + table_of("new.pem", "new.key") + std::string(kSite));

  EXPECT_TRUE(found.problems.empty());
  ASSERT_EQ(found.warnings.size(), 2U);
  EXPECT_EQ(found.warnings[0].at, (config::Position{.line = 6, .column = 9}));
  EXPECT_EQ(found.warnings[0].what,
            file("old.pem") + ": the certificate expired on 2027-01-14; renew it");
  EXPECT_EQ(found.warnings[1].at, (config::Position{.line = 9, .column = 9}));
  EXPECT_TRUE(found.can_serve);
}

TEST_F(CertificateFilesTest, ThatAreRightServeThoughOthersAreNot) {
  static_cast<void>(make("a"));

  const CertificateCheck found = check(table_of("missing.pem", "missing.key") +
                                       table_of("a.pem", "a.key") + std::string(kSite));

  EXPECT_EQ(found.problems.size(), 2U);
  EXPECT_TRUE(found.can_serve);
}

TEST_F(CertificateFilesTest, OfAuthoritiesAndStaplesAreReadToo) {
  static_cast<void>(make("a"));
  const std::string with_staple = table_of("a.pem", "a.key") + "ocsp = \"a.der\"\n";
  const std::string asking =
      "https.client_certificates = \"require\"\nhttps.client_authorities = \"clients.pem\"\n";

  const CertificateCheck found =
      check(with_staple + std::string(kSite) + asking +
            "[site.other]\nhosts = [\"other.test\"]\nsource = \"other.wasm\"\n" + asking);

  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_TRUE(config::to_text(found.problems[0])
                  .starts_with(place(":8:8: server.certificate[0].ocsp: ") + file("a.der")));
  EXPECT_TRUE(
      config::to_text(found.problems[1])
          .starts_with(place(":12:28: site.shop.https.client_authorities: ") + file("clients.pem")))
      << config::to_text(found.problems[1]);
  EXPECT_TRUE(config::to_text(found.problems[2])
                  .starts_with(place(":17:28: site.other.https.client_authorities: ")));
  EXPECT_FALSE(found.can_serve) << "without the rule handshakes would let clients in";
}

TEST_F(CertificateFilesTest, GivenByOptionAreNamedThere) {
  static_cast<void>(make("a"));
  const std::string value = R"([{ chain = ")" + file("missing.pem") + R"(", key = "a.key" }])";

  const CertificateCheck found = check(table_of("a.pem", "a.key") + std::string(kSite),
                                       {.set = {"server.certificate=" + value}});

  ASSERT_FALSE(found.problems.empty());
  EXPECT_TRUE(config::to_text(found.problems[0])
                  .starts_with("--set: server.certificate[0].chain: " + file("missing.pem")))
      << config::to_text(found.problems[0]);
}

TEST_F(CertificateFilesTest, AreNotReadWithoutHttps) {
  const CertificateCheck found = check(table_of("missing.pem", "missing.key") + std::string(kSite),
                                       {.set = {"server.https=off"}});

  EXPECT_TRUE(found.problems.empty());
  EXPECT_TRUE(found.can_serve);
}

}  // namespace
}  // namespace pear::control
