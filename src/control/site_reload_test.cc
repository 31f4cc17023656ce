// Each key of a site, changed while the site runs: where it is needed, it arrives.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "config/changed_value.h"
#include "control/site_table_builder.h"
#include "control/supervisor/fake_cores.h"

namespace pear::control {
namespace {

using supervisor::FakeCores;
using supervisor::Supervisor;
using supervisor::Version;

class SiteReloadTest : public testing::Test {
 protected:
  SiteReloadTest() {
    settings_.name = "shop";
    settings_.source = "/a.wasm";
    cores_.starts_at_once = true;
    settings_.heal.check = std::chrono::seconds(2);
  }
  void deploy() {
    const auto settings = std::make_shared<const config::SiteSettings>(settings_);
    supervisor_.deploy(tables_.id_of("shop"),
                       Version{.settings = settings, .digest = settings->source.string()}, now_);
    for (int i = 0; i < 100; ++i) {
      now_ += Supervisor::kTurn;
      cores_.turn(supervisor_, 2, now_);
      supervisor_.on_time(now_);
      cores_.deliver(supervisor_, now_);
    }
  }
  // As the cores see it.
  std::shared_ptr<const model::Site> served() {
    std::vector<model::RouteTable::Conflict> conflicts;
    return tables_.build(supervisor_, {}, &conflicts)->sites.at(0);
  }
  std::set<CageId> cages() {
    std::set<CageId> ids;
    const auto site = served();
    for (const model::CagePlace& place : site->cages) ids.insert(place.cage);
    return ids;
  }

  config::SiteSettings settings_;
  FakeCores cores_;
  SiteTableBuilder tables_{2};
  Supervisor supervisor_{{.cores = 2}, cores_, cores_};
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST_F(SiteReloadTest, EachKeyArrivesInTheTableAndInTheCages) {
  deploy();
  config::ServerSettings no_server;
  for (const config::Key& key : config::keys_of(config::Scope::Site)) {
    const std::set<CageId> before = cages();
    ASSERT_EQ(config::change(key, {no_server, settings_}), "") << key.path;
    const std::string wanted = to_toml(get(key, {no_server, settings_}));

    deploy();

    config::SiteSettings now = served()->settings;
    EXPECT_EQ(to_toml(get(key, {no_server, now})), wanted) << key.path;
    // What a guest is made with, or a cage keeps: only new ones have it.
    const bool is_of_cages = key.path.starts_with("limits.") || key.path.starts_with("run.") ||
                             key.path.starts_with("permissions.") || key.path == "source";
    const std::set<CageId> after = cages();
    const bool any_kept =
        std::ranges::any_of(before, [&](CageId id) { return after.contains(id); });
    EXPECT_EQ(any_kept, !is_of_cages) << key.path;
    EXPECT_EQ(after.size(), settings_.cages) << key.path;
  }
  settings_.heal.check = std::chrono::seconds(2);
  deploy();
  EXPECT_EQ(cores_.asked_path, "/changed") << "heal.path";
}

TEST_F(SiteReloadTest, ACageIsAskedForTheHealthPathOfItsVersion) {
  settings_.heal.path = "/health";
  deploy();
  EXPECT_EQ(cores_.asked_path, "/health");
  const std::set<CageId> before = cages();

  settings_.heal.path = "/ready";
  deploy();
  EXPECT_EQ(cores_.asked_path, "/ready");
  EXPECT_EQ(cages(), before) << "for that no cage has to end";

  // While a new version starts, the one that serves is asked for its own.
  cores_.starts_at_once = false;
  settings_.heal.path = "/new";
  settings_.source = "/b.wasm";
  deploy();
  EXPECT_EQ(cores_.asked_path, "/ready");
}

TEST_F(SiteReloadTest, RoutesInForceHaveTheirOwnLimitsWhileAnUpdateIsOnItsWay) {
  settings_.routes = {{.path = "/login"}, {.path = "/..."}};
  settings_.routes[0].rate_limit.total.count = 5;
  deploy();
  cores_.starts_at_once = false;
  settings_.routes = {{.path = "/..."}, {.path = "/login"}};
  settings_.source = "/b.wasm";

  deploy();

  const auto site = served();
  EXPECT_EQ(site->settings.routes.at(0).path, "/login");
  EXPECT_EQ(site->settings.routes.at(0).rate_limit.total.count, 5U);
}

}  // namespace
}  // namespace pear::control
