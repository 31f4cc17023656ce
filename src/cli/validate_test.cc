#include "cli/validate.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/captured_terminal.h"
#include "cli/local_tls.h"
#include "cli/program.h"
#include "cli/site_options.h"
#include "cli/text_file.h"

namespace pear::cli {
namespace {

int run(const std::vector<std::string>& arguments, CapturedTerminal& captured) {
  return run_program(arguments, captured.terminal, "", {add_validate_command});
}

TEST(ValidateCommand, ListsEveryProblemWithItsPlaceAndCountsThem) {
  const base::TemporaryFolder folder;
  const std::string file = (folder.path() / "pear.toml").native();
  ASSERT_TRUE(create_file(file,
                          "pear_version = 1\n"
                          "[site.shop]\n"
                          "source = \"shop.wasm\"\n"
                          "cagez = 3\n"
                          "[site.shop.limits]\n"
                          "cpu = \"never\"\n"));
  CapturedTerminal captured;

  EXPECT_EQ(run({"validate", file}, captured), to_int(ExitCode::Usage));
  EXPECT_EQ(captured.out(), "");
  const std::string told = captured.err();
  EXPECT_NE(told.find("error: " + file + ":4:"), std::string::npos) << told;
  EXPECT_NE(told.find("error: " + file + ":6:"), std::string::npos) << told;
  EXPECT_TRUE(told.ends_with("2 problems\n")) << told;
}

TEST(ValidateCommand, PrintsAConfigurationThatIsItselfValidAndTheSame) {
  const base::TemporaryFolder folder;
  ASSERT_TRUE(create_file(folder.path() / "pear.toml",
                          "pear_version = 1\n[site.shop]\nsource = \"shop.wasm\"\ncages = 5\n"));
  CapturedTerminal first;
  ASSERT_EQ(run({"validate", folder.path().native()}, first), 0) << first.err();
  EXPECT_NE(first.out().find("cages = 5"), std::string::npos) << first.out();

  ASSERT_TRUE(replace_file(folder.path() / "pear.toml", first.out()));
  CapturedTerminal second;

  EXPECT_EQ(run({"validate", folder.path().native()}, second), 0) << second.err();
  EXPECT_NE(second.out().find("cages = 5"), std::string::npos);
}

TEST(ValidateCommand, IsSilentWhenAllIsWellAndItIsAskedToBe) {
  const base::TemporaryFolder folder;
  ASSERT_TRUE(create_file(folder.path() / "pear.toml",
                          "pear_version = 1\n[site.shop]\nsource = \"shop.wasm\"\n"));
  ASSERT_TRUE(create_file(folder.path() / "shop.wasm", "wasm"));
  CapturedTerminal captured;

  EXPECT_EQ(run({"validate", "-q", folder.path().native()}, captured), 0);
  EXPECT_EQ(captured.out() + captured.err(), "");
}

TEST(ValidateCommand, ReadsTheCertificates) {
  const base::TemporaryFolder folder;
  const std::string file = (folder.path() / "pear.toml").native();
  const auto made = prepare_local_authority(folder.path() / "authority", {});
  ASSERT_TRUE(made.problems.empty()) << made.problems.front();
  const auto text_with = [&](const std::string& key) {
    return "pear_version = 1\n[server]\nhttps = \"127.0.0.1:8443\"\n[[server.certificate]]\n"
           "chain = \"" +
           made.certificate.chain.native() + "\"\nkey = \"" + key +
           "\"\n[site.shop]\nsource = \"shop.wasm\"\n";
  };
  CapturedTerminal wrong;
  CapturedTerminal right;

  ASSERT_TRUE(
      create_file(file, text_with((folder.path() / "authority/authority_key.pem").native())));
  EXPECT_EQ(run({"validate", file}, wrong), to_int(ExitCode::Usage));
  ASSERT_TRUE(replace_file(file, text_with(made.certificate.key.native())));
  EXPECT_EQ(run({"validate", file}, right), 0);

  EXPECT_EQ(wrong.out(), "");
  EXPECT_TRUE(wrong.err().starts_with("error: " + file + ":6:7: server.certificate[0].key: "))
      << wrong.err();
  EXPECT_NE(wrong.err().find("the key does not fit the certificate"), std::string::npos);
  EXPECT_TRUE(wrong.err().ends_with("1 problem\n")) << wrong.err();
  EXPECT_EQ(right.err().find("error"), std::string::npos) << right.err();
}

TEST(ValidateCommand, SaysWhenThereIsNoProject) {
  const base::TemporaryFolder folder;
  CapturedTerminal captured;

  EXPECT_EQ(run({"validate", folder.path().native()}, captured), to_int(ExitCode::Usage));
  EXPECT_NE(captured.err().find(folder.path().native()), std::string::npos) << captured.err();
}

}  // namespace
}  // namespace pear::cli
