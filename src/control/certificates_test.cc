#include "control/certificates.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log/log_channel.h"
#include "io/tls/test_certificates.h"
#include "io/tls/ticket_keys.h"

namespace pear::control {
namespace {

using io::tls::CertificateFiles;
using io::tls::kTestNow;
using io::tls::TestCertificates;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using Names = std::vector<std::string>;

// What the log and the checks of certificates take for now; of the test's thread alone.
WallTime& wall_now() {
  static WallTime now = kTestNow;
  return now;
}

config::Settings settings_of(const std::vector<CertificateFiles>& certificates) {
  config::Settings settings;
  settings.server.https = {{.host = "127.0.0.1", .port = 8443}};
  for (const CertificateFiles& files : certificates) {
    settings.server.certificates.push_back(
        {.chain = files.chain, .key = files.key, .ocsp = files.ocsp});
  }
  return settings;
}

void move_over(const CertificateFiles& from, const CertificateFiles& to) {
  std::filesystem::rename(from.chain, to.chain);
  std::filesystem::rename(from.key, to.key);
}

std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() { wall_now() = kTestNow; }

  [[nodiscard]] CertificateFiles make(const std::string& host, days ends = days(90)) const {
    return made_.make({.file = host, .names = {host}, .ends = ends});
  }
  // As certbot and its like do it: new files take the place of the old ones.
  void replace(const CertificateFiles& files, const std::string& host, days ends = days(90)) const {
    move_over(made_.make({.file = "next", .names = {host}, .ends = ends}), files);
  }
  void damage(const CertificateFiles& files) const {
    std::filesystem::rename(made_.folder().write("damaged.pem", "no certificate"), files.chain);
  }

  // The time has come to look at the files, for the timers; nobody waits for it.
  void pass_time() {
    wheel_time_ = std::max(wheel_time_, reactor_->now()) + seconds(6);
    reactor_->timers().advance(wheel_time_);
  }
  // Until the worker has done a job, and what is left of it has been done here.
  void await_worker() {
    while (worker_.collect() == 0) reactor_->turn();
  }
  void look() {
    pass_time();
    await_worker();
  }

  // Of each set of the last contexts that were published.
  [[nodiscard]] Names served() const {
    Names names;
    if (published_.empty()) return names;
    for (const auto& set : published_.back()->sets()) {
      names.insert(names.end(), set->names().begin(), set->names().end());
    }
    return names;
  }
  std::string log_text() {
    std::string text;
    while (const auto line = channel_.ring().peek()) {
      text += *line;
      channel_.ring().consume();
    }
    return text;
  }

  TestCertificates made_;
  std::unique_ptr<log::LogSignal> signal_ = std::move(log::LogSignal::open()).value();
  log::LogChannel channel_{64U << 10U, *signal_};
  log::Logger logger_{channel_, {.level = log::Level::Debug}};
  std::unique_ptr<io::Reactor> reactor_ = std::move(io::Reactor::open()).value();
  MonotonicTime wheel_time_ = reactor_->now();
  std::vector<Certificates::Contexts> published_;
  Worker worker_{reactor_->waker()};
  Certificates certificates_{
      {.reactor = *reactor_,
       .worker = worker_,
       .logger = logger_,
       .wall_time = [] { return wall_now(); },
       .tickets = io::tls::TicketKeys::in_process(),
       .publish = [this](Certificates::Contexts made) { published_.push_back(std::move(made)); }}};
};

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

// ---- Warnings.

TEST_F(CertificatesTest, ThatExpireSoonAreALineInTheLogOnceADay) {
  const CertificateFiles files = make("a.test", days(15));
  const auto warnings = [&] {
    const std::string log = log_text();
    EXPECT_EQ(count_of(log, "\"event\":\"certificate_warning\""), count_of(log, "\"event\""));
    return count_of(log, "a.test.pem: the certificate expires on 2027-01-30") +
           (100 * count_of(log, "a.test.pem: the certificate expired on 2027-01-30"));
  };
  certificates_.apply(settings_of({files}));
  EXPECT_EQ(warnings(), 0U);

  const auto look_at = [&](std::chrono::seconds passed) {
    wall_now() = kTestNow + passed;
    look();
    return warnings();
  };
  EXPECT_EQ(look_at(days(1) - seconds(1)), 0U);
  EXPECT_EQ(look_at(days(1)), 1U);  // 14 days are left.
  EXPECT_EQ(look_at(days(1) + seconds(5)), 0U);
  EXPECT_EQ(look_at(days(2) - seconds(1)), 0U);
  EXPECT_EQ(look_at(days(2)), 1U);
  EXPECT_EQ(look_at(days(2) + seconds(5)), 0U);
  EXPECT_EQ(look_at(days(15) - seconds(1)), 1U);
  EXPECT_EQ(look_at(days(15)), 100U);  // It is something else now.
  EXPECT_EQ(look_at(days(16) - seconds(1)), 0U);
  EXPECT_EQ(look_at(days(16)), 100U);
  EXPECT_EQ(published_.size(), 1U) << "the files have not changed";
}

TEST_F(CertificatesTest, AreNotWarnedOfMoreOftenBecauseTheyAreReadAgain) {
  const CertificateFiles a = make("a.test", days(10));
  const CertificateFiles b = make("b.test");
  certificates_.apply(settings_of({a, b}));
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_warning\""), 1U);

  replace(b, "b.test");
  look();

  EXPECT_EQ(published_.size(), 2U);
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_warning\""), 0U);
}

TEST_F(CertificatesTest, AreNotWarnedOfOnceTheyAreRenewed) {
  const CertificateFiles files = make("a.test", days(10));
  certificates_.apply(settings_of({files}));
  log_text();

  replace(files, "a.test");
  look();
  wall_now() += days(1);
  look();

  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_warning\""), 0U);
}

TEST_F(CertificatesTest, AreWarnedOfAgainAfterTheClockWasSetBack) {
  certificates_.apply(settings_of({make("a.test", days(10))}));
  log_text();

  wall_now() -= hours(1);
  look();
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_warning\""), 1U);
  look();
  EXPECT_EQ(count_of(log_text(), "\"event\":\"certificate_warning\""), 0U);
}

}  // namespace
}  // namespace pear::control
