#include "config/reload.h"

#include <string>

#include <gtest/gtest.h>

#include "config/changed_value.h"

namespace pear::config {
namespace {

TEST(Reload, TakesOverEachKeyOfTheServerOrSaysThatItDoesNot) {
  for (const Key& key : keys_of(Scope::Server)) {
    const ServerSettings before;
    ServerSettings wanted;
    SiteSettings no_site;
    ASSERT_EQ(change(key, {wanted, no_site}), "") << key.path;

    const ReloadedServer reloaded = reload_server(before, wanted);

    if (key.reload == Reload::AtOnce) {
      EXPECT_EQ(reloaded.settings, wanted) << key.path;
      EXPECT_TRUE(reloaded.pending.empty()) << key.path;
      continue;
    }
    EXPECT_EQ(reloaded.settings, before) << key.path;
    ASSERT_EQ(reloaded.pending.size(), 1U) << key.path;
    EXPECT_EQ(reloaded.pending[0].key, "server." + std::string(key.path));
    EXPECT_NE(reloaded.pending[0].in_force, reloaded.pending[0].wanted) << key.path;
  }
}

TEST(Reload, TakesOverAllOfASite) {
  for (const Key& key : keys_of(Scope::Site)) {
    EXPECT_EQ(key.reload, Reload::AtOnce) << key.path << ": nothing of a site waits for a start";
  }
}

TEST(Reload, NamesBothValuesOfWhatWaits) {
  ServerSettings before;
  before.cores = 2;
  before.admin.reset();
  ServerSettings wanted;
  wanted.cores = 4;
  wanted.http.body_max = 7_KiB;

  const ReloadedServer reloaded = reload_server(before, wanted);

  EXPECT_EQ(reloaded.settings.cores, 2U);
  EXPECT_EQ(reloaded.settings.http.body_max, 7_KiB);
  ASSERT_EQ(reloaded.pending.size(), 2U);
  EXPECT_EQ(to_text(reloaded.pending[0]),
            "is \"off\" and stays so: \"127.0.0.1:3001\" takes effect when pear is started anew");
  EXPECT_EQ(reloaded.pending[1].key, "server.cores");
  EXPECT_EQ(to_text(reloaded.pending[1]),
            "is 2 and stays so: 4 takes effect when pear is started anew");
}

TEST(Reload, SaysNothingWhereNothingHasChanged) {
  EXPECT_TRUE(reload_server({}, {}).pending.empty());
}

}  // namespace
}  // namespace pear::config
