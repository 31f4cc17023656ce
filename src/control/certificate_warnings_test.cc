// Certificates that expire soon.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "control/certificates_fixture.h"

namespace pear::control {
namespace {

using io::tls::CertificateFiles;
using io::tls::kTestNow;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

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
