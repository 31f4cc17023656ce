#include "control/certificates.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <semaphore>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "control/certificates_fixture.h"

namespace pear::control {
namespace {

using io::tls::CertificateFiles;
using io::tls::TestCertificates;
using Names = std::vector<std::string>;

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// ---- At the start.

TEST_F(CertificatesTest, ArePublishedBeforeTheFirstApplyReturns) {
  certificates_.apply(settings_of({make("a.test"), make("b.test")}));

  ASSERT_EQ(published_.size(), 1U);
  EXPECT_EQ(served(), (Names{"a.test", "b.test"}));
  EXPECT_EQ(certificates_.contexts(), published_.front());
  EXPECT_EQ(log_text(), "");
}

TEST_F(CertificatesTest, AreNotReadWithoutHttps) {
  config::Settings settings =
      settings_of({{.chain = "/nowhere/1", .key = "/nowhere/2", .ocsp = {}}});
  settings.server.https.clear();

  certificates_.apply(settings);

  EXPECT_TRUE(published_.empty());
  EXPECT_EQ(certificates_.contexts(), nullptr);
  EXPECT_TRUE(reactor_->timers().empty());
  EXPECT_EQ(log_text(), "");
}

TEST_F(CertificatesTest, ThatAreRightAreServedFromTheStartWhereOthersAreNot) {
  const CertificateFiles bad = make("bad.test");
  damage(bad);

  certificates_.apply(settings_of({bad, make("good.test")}));

  ASSERT_EQ(published_.size(), 1U);
  EXPECT_EQ(served(), Names{"good.test"});
  const std::string log = log_text();
  EXPECT_EQ(count_of(log, "\"event\":\"certificate_refused\""), 1U) << log;
  EXPECT_NE(log.find("bad.test.pem: holds no certificate"), std::string::npos) << log;
}

TEST_F(CertificatesTest, AreFoundWhenTheyComeLate) {
  const CertificateFiles files{.chain = made_.folder().path() / "late.pem",
                               .key = made_.folder().path() / "late.key",
                               .ocsp = {}};
  certificates_.apply(settings_of({files}));
  EXPECT_EQ(served(), Names{});
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_refused\""), 2U);

  replace(files, "late.test");
  look();

  EXPECT_EQ(served(), Names{"late.test"});
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificates_loaded\""), 1U);
}

TEST_F(CertificatesTest, AreNotWaitedForWhereNoneIsRight) {
  const CertificateFiles files = make("late.test");
  damage(files);

  certificates_.apply(settings_of({files}));
  damage(files);
  look();

  ASSERT_EQ(published_.size(), 1U) << "one set that refuses handshakes";
  EXPECT_TRUE(published_.front()->sets().empty());
  EXPECT_EQ(certificates_.contexts(), nullptr);
  const std::string log = log_text();
  EXPECT_EQ(count_of(log, "\"event\":\"https_refused\""), 1U) << log;
  EXPECT_NE(log.find("handshakes on 127.0.0.1:8443 are refused"), std::string::npos) << log;
}

TEST_F(CertificatesTest, AreRefusedAsAWholeWithoutTheAuthoritiesOfARule) {
  config::Settings settings = settings_of({make("a.test")});
  config::SiteSettings& site = settings.sites.emplace_back();
  site.hosts = {"a.test"};
  site.https.client_certificates = config::ClientCheck::Require;
  site.https.client_authorities = "/nowhere/authorities.pem";

  certificates_.apply(settings);

  EXPECT_EQ(served(), Names{});
  EXPECT_NE(log_text().find("/nowhere/authorities.pem"), std::string::npos);
}

TEST_F(CertificatesTest, AllStayAsTheyWereWhileTheAuthoritiesOfARuleAreWrongAndTheLogSaysSo) {
  const CertificateFiles a = make("a.test");
  config::Settings settings = settings_of({a});
  config::SiteSettings& site = settings.sites.emplace_back();
  site.https.client_certificates = config::ClientCheck::Require;
  site.https.client_authorities = made_.folder().write("clients.pem", read(made_.authority()));
  certificates_.apply(settings);
  ASSERT_EQ(log_text(), "");

  made_.folder().write("clients.pem", "nothing");
  replace(a, "renewed.test");
  look();

  EXPECT_EQ(served(), Names{"a.test"});
  const std::string log = log_text();
  EXPECT_NE(log.find("clients.pem: holds no certificate"), std::string::npos) << log;
  EXPECT_EQ(count_of(log, "\"event\":\"certificates_kept\""), 1U) << log;
}

// ---- Files that change.

TEST_F(CertificatesTest, AreReadAgainWhenTheirFilesHaveChanged) {
  const CertificateFiles files = make("old.test");
  certificates_.apply(settings_of({files}));

  replace(files, "new.test");
  look();

  ASSERT_EQ(published_.size(), 2U);
  EXPECT_EQ(served(), Names{"new.test"});
  EXPECT_EQ(certificates_.contexts(), published_.back());
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificates_loaded\""), 1U);
}

TEST_F(CertificatesTest, AreLeftAloneWhileTheirFilesAreTheSame) {
  certificates_.apply(settings_of({make("a.test")}));

  look();
  look();

  EXPECT_EQ(published_.size(), 1U);
  EXPECT_EQ(log_text(), "");
}

TEST_F(CertificatesTest, StayWhenWhatReplacesThemIsBrokenAndSayItOnce) {
  const CertificateFiles a = make("a.test");
  certificates_.apply(settings_of({a, make("b.test")}));

  damage(a);
  look();
  look();

  EXPECT_EQ(published_.size(), 1U);
  EXPECT_EQ(served(), (Names{"a.test", "b.test"}));
  const std::string log = log_text();
  EXPECT_EQ(count_of(log, "\"event\":\"certificate_refused\""), 1U) << log;
  EXPECT_EQ(count_of(log, "\"event\":\"certificates_loaded\""), 0U) << log;

  replace(a, "c.test");
  look();
  EXPECT_EQ(served(), (Names{"c.test", "b.test"}));
}

TEST_F(CertificatesTest, AreRenewedOneByOneWhileOthersAreBroken) {
  const CertificateFiles a = make("a.test");
  const CertificateFiles b = make("b.test");
  const CertificateFiles c = make("c.test");
  damage(b);
  damage(c);
  certificates_.apply(settings_of({a, b, c}));
  ASSERT_EQ(served(), Names{"a.test"});

  replace(a, "a.test");  // Renewed, while the others are still broken.
  look();
  EXPECT_EQ(published_.size(), 2U);
  EXPECT_EQ(served(), Names{"a.test"});

  replace(b, "b.test");
  damage(a);
  look();
  EXPECT_EQ(served(), (Names{"a.test", "b.test"})) << "the old one stands in for the broken one";

  replace(c, "c.test");
  look();
  EXPECT_EQ(served(), (Names{"a.test", "b.test", "c.test"}));

  damage(c);
  look();
  EXPECT_EQ(served(), (Names{"a.test", "b.test", "c.test"}));
}

TEST_F(CertificatesTest, ThatAreAllDoNotGiveWayToAPartOfTheSameNames) {
  const CertificateFiles a = make("a.test");
  const CertificateFiles twin =
      made_.make({.file = "twin", .names = {"a.test"}, .key = TestCertificates::Key::Rsa2048});
  certificates_.apply(settings_of({a, twin}));
  ASSERT_EQ(log_text(), "");

  damage(twin);
  look();

  EXPECT_EQ(published_.size(), 1U) << "clients that know RSA alone would be lost";
}

// ---- Settings that change.

TEST_F(CertificatesTest, OfNewSettingsAreReadOnTheWorker) {
  const CertificateFiles b = make("b.test");
  certificates_.apply(settings_of({make("a.test")}));

  certificates_.apply(settings_of({b}));
  EXPECT_EQ(served(), Names{"a.test"});
  await_worker();

  EXPECT_EQ(published_.size(), 2U);
  EXPECT_EQ(served(), Names{"b.test"});
}

TEST_F(CertificatesTest, OfOlderSettingsAreDroppedWhenTheirLookComesBackLate) {
  const CertificateFiles a = make("a.test");
  certificates_.apply(settings_of({a}));
  replace(a, "stale.test");
  std::binary_semaphore may_go_on{0};
  worker_.submit([&]() -> Worker::Then {
    may_go_on.acquire();
    return [] {};
  });

  pass_time();  // A look at a.test waits for the worker.
  certificates_.apply(settings_of({make("b.test")}));
  may_go_on.release();
  while (served() != Names{"b.test"}) {
    await_worker();
    EXPECT_NE(served(), Names{"stale.test"});
  }

  EXPECT_EQ(published_.size(), 2U);
}

}  // namespace
}  // namespace pear::control
