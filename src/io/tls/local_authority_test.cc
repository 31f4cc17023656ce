#include "io/tls/local_authority.h"

#include <algorithm>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "io/tls/certificate_file.h"
#include "io/tls/certificate_names.h"
#include "io/tls/test_certificates.h"
#include "io/tls/test_pair.h"

namespace pear::io::tls {
namespace {

using std::chrono::days;

std::string text_of(const std::filesystem::path& file) {
  return read_file(file).value_or("");
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

TEST(LocalAuthority, MakesWhatAServerNeedsWhereNothingIs) {
  const base::TemporaryFolder folder;
  const auto path = folder.path() / "state" / "tls";
  const auto ready = LocalAuthority::prepare({.folder = path, .owner = "ada@laptop"}, kTestNow);
  ASSERT_TRUE(ready.problems.empty()) << ready.problems.front();
  EXPECT_TRUE(ready.authority_is_new);
  EXPECT_EQ(mode_of(path), 0700U);
  EXPECT_EQ(mode_of(ready.certificate.key), 0600U);
  EXPECT_EQ(mode_of(path / "authority_key.pem"), 0600U);
  Findings findings;
  const auto authority = read_certificates(ready.authority, findings);
  ASSERT_EQ(authority.size(), 1U);
  EXPECT_EQ(subject_text(*authority.front()), "CN=Pear local authority (ada@laptop)");

  const auto loaded = ServerContexts::load({.certificates = {ready.certificate}}, kTestNow);
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems.front().text;
  EXPECT_TRUE(loaded.warnings.empty()) << loaded.warnings.front().text;
  const CertificateSet& set = *loaded.contexts->sets().front();
  for (const std::string_view host : {"localhost", "shop.localhost", "127.0.0.1", "[::1]"}) {
    EXPECT_TRUE(set.stands_for(host)) << host;
  }
  EXPECT_FALSE(set.stands_for("example.com"));
}

TEST(LocalAuthority, IsTrustedForThisMachineOnly) {
  const base::TemporaryFolder folder;
  const auto ready =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  const auto client = must_load(
      ClientOptions{.verify = ClientOptions::Verify::Authorities, .authorities = ready.authority});
  const auto contexts = must_load(ContextOptions{.certificates = {ready.certificate}});
  TestCore core;
  for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    TestPair pair(core, contexts, *client, host);
    EXPECT_TRUE(pair.shake_hands().done()) << host << ": " << pair.client->problem();
    EXPECT_TRUE(contexts->covers(pair.server->facts(), host));
    EXPECT_FALSE(contexts->covers(pair.server->facts(), "example.com"));
  }

  // With its key, a certificate for another host is worth nothing.
  const auto signer = read_certificate(
      {.chain = ready.authority, .key = folder.path() / "authority_key.pem", .ocsp = {}},
      CertificateUse::Client, kTestNow, *std::make_unique<Findings>());
  ASSERT_TRUE(signer);
  const auto key = make_p256_key();
  const auto forged = make_certificate(
      {.common_name = "x",
       .names = {"example.com"},
       .begins = kTestNow,
       .ends = kTestNow + days(9)},
      *key, {.certificate = signer->chain.front().get(), .key = signer->key.get()});
  const CertificateFiles files{.chain = folder.write("forged.pem", pem_of(*forged)),
                               .key = folder.write("forged.key", pem_of(*key)),
                               .ocsp = {}};
  TestPair pair(core, must_load(ContextOptions{.certificates = {files}}), *client, "example.com");
  EXPECT_EQ(pair.shake_hands().client, Session::Progress::Failed);
  EXPECT_EQ(pair.client->problem(), "permitted subtree violation");
}

TEST(LocalAuthority, NamesEachHostThatItIsGiven) {
  const base::TemporaryFolder folder;
  const LocalAuthority::Order two{
      .folder = folder.path(),
      .owner = "ada@laptop",
      .hosts = {"shop.localhost", "Blog.localhost", "example.com", "a/b.localhost", "localhost"}};
  const auto ready = LocalAuthority::prepare(two, kTestNow);
  ASSERT_TRUE(ready.problems.empty());
  const auto contexts = must_load(ContextOptions{.certificates = {ready.certificate}});
  EXPECT_EQ(std::ranges::count_if(contexts->sets().front()->names(),
                                  [](const std::string& name) { return !is_address(name); }),
            4);
  const auto client = must_load(
      ClientOptions{.verify = ClientOptions::Verify::Authorities, .authorities = ready.authority});
  TestCore core;
  for (const std::string_view host : {"shop.localhost", "blog.localhost"}) {
    TestPair pair(core, contexts, *client, host);
    EXPECT_TRUE(pair.shake_hands().done()) << host << ": " << pair.client->problem();
  }

  const std::string before = text_of(ready.certificate.chain);
  const LocalAuthority::Order fewer{
      .folder = folder.path(), .owner = "ada@laptop", .hosts = {"shop.localhost"}};
  ASSERT_TRUE(LocalAuthority::prepare(fewer, kTestNow).problems.empty());
  EXPECT_EQ(text_of(ready.certificate.chain), before);
  const LocalAuthority::Order more{
      .folder = folder.path(), .owner = "ada@laptop", .hosts = {"api.localhost"}};
  ASSERT_TRUE(LocalAuthority::prepare(more, kTestNow).problems.empty());
  EXPECT_NE(text_of(ready.certificate.chain), before);
  // The project of the others may be served still.
  const auto all = must_load(ContextOptions{.certificates = {ready.certificate}});
  for (const std::string_view host : {"shop.localhost", "blog.localhost", "api.localhost"}) {
    EXPECT_TRUE(all->sets().front()->stands_for(host)) << host;
  }
}

TEST(LocalAuthority, KeepsWhatIsGood) {
  const base::TemporaryFolder folder;
  const auto first =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  const std::string authority = text_of(first.authority);
  const std::string certificate = text_of(first.certificate.chain);
  const auto again = LocalAuthority::prepare({.folder = folder.path(), .owner = "bob@other"},
                                             kTestNow + days(366));
  EXPECT_TRUE(again.problems.empty());
  EXPECT_FALSE(again.authority_is_new);
  EXPECT_EQ(text_of(again.authority), authority);
  EXPECT_EQ(text_of(again.certificate.chain), certificate);
}

TEST(LocalAuthority, RenewsTheCertificateWhenThirtyDaysAreLeft) {
  const base::TemporaryFolder folder;
  const auto first =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  const std::string authority = text_of(first.authority);
  const std::string certificate = text_of(first.certificate.chain);
  const auto later = kTestNow + LocalAuthority::kCertificateLife - LocalAuthority::kRenewBefore;
  ASSERT_TRUE(LocalAuthority::prepare({.folder = folder.path(), .owner = ""}, later - days(1))
                  .problems.empty());
  EXPECT_EQ(text_of(first.certificate.chain), certificate);
  ASSERT_TRUE(
      LocalAuthority::prepare({.folder = folder.path(), .owner = ""}, later).problems.empty());
  EXPECT_NE(text_of(first.certificate.chain), certificate);
  EXPECT_EQ(text_of(first.authority), authority);
}

TEST(LocalAuthority, RenewsTheCertificateWhenItOrTheAuthorityIsAnother) {
  const base::TemporaryFolder folder;
  const auto first =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  const std::string certificate = text_of(first.certificate.chain);
  std::filesystem::remove(first.authority);
  const auto again =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  EXPECT_TRUE(again.problems.empty());
  EXPECT_TRUE(again.authority_is_new);
  EXPECT_NE(text_of(first.certificate.chain), certificate);

  folder.write("localhost_key.pem", "damaged");
  ASSERT_TRUE(
      LocalAuthority::prepare({.folder = folder.path(), .owner = ""}, kTestNow).problems.empty());
  must_load(ContextOptions{.certificates = {again.certificate}});
}

TEST(LocalAuthority, NeverReplacesADamagedAuthority) {
  const base::TemporaryFolder folder;
  const auto first =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  const std::string key = text_of(folder.path() / "authority_key.pem");
  folder.write("authority_key.pem", "damaged");
  const auto again =
      LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow);
  ASSERT_EQ(again.problems.size(), 1U);
  EXPECT_NE(again.problems.front().find("authority_key.pem: holds no private key"),
            std::string::npos);
  EXPECT_NE(again.problems.front().find("Delete both files"), std::string::npos);
  folder.write("authority_key.pem", key);
  EXPECT_TRUE(LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow)
                  .problems.empty());
}

TEST(LocalAuthority, SaysWhyTheFolderCannotBeUsed) {
  const base::TemporaryFolder folder;
  const auto file = folder.write("file", "x");
  const auto not_a_folder =
      LocalAuthority::prepare({.folder = file, .owner = "ada@laptop"}, kTestNow);
  ASSERT_EQ(not_a_folder.problems.size(), 1U);
  EXPECT_NE(not_a_folder.problems.front().find("cannot be opened"), std::string::npos);

  const auto below_a_file =
      LocalAuthority::prepare({.folder = file / "tls", .owner = "ada@laptop"}, kTestNow);
  ASSERT_EQ(below_a_file.problems.size(), 1U);
  EXPECT_NE(below_a_file.problems.front().find("cannot be made"), std::string::npos);

  // Owned by another, as far as this user can make it so.
  if (::geteuid() == 0) {
    const auto foreign = folder.path() / "foreign";
    std::filesystem::create_directory(foreign);
    ASSERT_EQ(::chown(foreign.c_str(), 65534, 65534), 0);
    const auto refused =
        LocalAuthority::prepare({.folder = foreign, .owner = "ada@laptop"}, kTestNow);
    ASSERT_EQ(refused.problems.size(), 1U);
    EXPECT_NE(refused.problems.front().find("belongs to another user"), std::string::npos);
  }
  // A folder stands where a file should: it cannot be written.
  const auto taken = folder.path() / "taken";
  std::filesystem::create_directories(taken / "authority_key.pem" / "x");
  const auto unwritten =
      LocalAuthority::prepare({.folder = taken, .owner = "ada@laptop"}, kTestNow);
  ASSERT_EQ(unwritten.problems.size(), 1U);
  EXPECT_NE(unwritten.problems.front().find("cannot be written"), std::string::npos);
}

TEST(LocalAuthority, ShutsOthersOutOfAFolderThatWasOpen) {
  const base::TemporaryFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  ASSERT_TRUE(LocalAuthority::prepare({.folder = folder.path(), .owner = "ada@laptop"}, kTestNow)
                  .problems.empty());
  EXPECT_EQ(mode_of(folder.path()), 0700U);
}

TEST(LocalAuthority, CutsALongNameShort) {
  const base::TemporaryFolder folder;
  const auto ready =
      LocalAuthority::prepare({.folder = folder.path(), .owner = std::string(300, 'x')}, kTestNow);
  EXPECT_TRUE(ready.problems.empty());
}

}  // namespace
}  // namespace pear::io::tls
