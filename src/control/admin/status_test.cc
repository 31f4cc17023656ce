#include <array>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "control/admin/fake_admin_source.h"
#include "control/admin/resources.h"

namespace pear::admin {
namespace {

nlohmann::json status_of(const FakeAdminSource& source) {
  const Answer answer = get_status(source.view());
  EXPECT_EQ(answer.content_type, kJson);
  EXPECT_TRUE(nlohmann::json::accept(answer.body)) << answer.body;
  return nlohmann::json::parse(answer.body, nullptr, false);
}

TEST(Status, TellsTheStateOfEverySiteAndCage) {
  FakeAdminSource source;
  source.start_all();
  source.metrics[0]->by_core[0]->responses[5].add(2);

  const auto status = status_of(source);

  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["uptime_ms"], 90'000.0);
  EXPECT_EQ(status["ready"], true);
  const auto& site = status["sites"][0];
  EXPECT_EQ(site["name"], "shop");
  EXPECT_EQ(site["state"], "running");
  EXPECT_EQ(site["image"], "abc123");
  EXPECT_EQ(site["pool"]["total"], 3);
  EXPECT_EQ(site["pool"]["healthy"], 3);
  EXPECT_EQ(site["cages"].size(), 3U);
  EXPECT_EQ(site["cages"][0]["state"], "RUNNING");
  EXPECT_EQ(site["cages"][0]["last_fault"], nullptr);
  EXPECT_EQ(site["requests"]["5xx"], 2);
}

TEST(Status, TellsFaultsAttemptsAndTheNextAttempt) {
  FakeAdminSource source;
  const auto ids = source.cores.in_state(model::CageState::Initializing);
  source.cores.fail_spawn(ids[0]);
  source.cores.start(ids[1]);
  source.cores.deliver(source.supervisor, source.now);
  source.cores.fault(ids[1]);
  source.cores.deliver(source.supervisor, source.now);

  const auto status = status_of(source);

  const auto& site = status["sites"][0];
  EXPECT_EQ(site["state"], "degraded");
  EXPECT_EQ(site["cages"][0]["state"], "CRASHED");
  EXPECT_EQ(site["cages"][0]["attempts"], 1);
  EXPECT_EQ(site["cages"][0]["next_attempt_ms"], 1'000.0);
  EXPECT_EQ(site["cages"][0]["last_reason"], "its start function trapped");
  EXPECT_EQ(site["cages"][1]["last_fault"], "trap");
  EXPECT_EQ(site["last_heals"][0]["heal_ms"], 0.08);
}

TEST(Status, StaysValidJsonWhateverAGuestSays) {
  FakeAdminSource source("\"\\\x01\xff");

  EXPECT_EQ(status_of(source)["sites"][0]["name"], "\"\\\x01\xEF\xBF\xBD");
}

TEST(Readyz, SaysWhyNot) {
  FakeAdminSource source;

  const Answer starting = get_readyz(source.view());
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(starting.body, "site shop: starting: its first cage is being started\n");

  source.start_all();
  EXPECT_EQ(get_readyz(source.view()).status, 200);

  source.draining = true;
  EXPECT_EQ(get_readyz(source.view()).status, 503);
  EXPECT_EQ(get_livez().status, 200);
}

// Three sites: shop runs, the component of bad is refused, servers died of killer.
struct OneOfThree {
  OneOfThree() {
    source.start_all();
    for (std::size_t i = 0; i < names.size(); ++i) {
      settings[i].name = names[i];
      source.wanted.push_back({.id = SiteId{static_cast<std::uint32_t>(i)},
                               .settings = &settings[i],
                               .verdict = &verdicts[i]});
    }
  }

  FakeAdminSource source;
  std::array<std::string, 3> names{"shop", "bad", "killer"};
  std::array<config::SiteSettings, 3> settings;
  std::array<SiteVerdict, 3> verdicts{
      SiteVerdict{.kind = SiteVerdict::Kind::Loaded},
      SiteVerdict{.kind = SiteVerdict::Kind::Refused, .reason = "bad.wasm is no component"},
      SiteVerdict{.kind = SiteVerdict::Kind::Quarantined, .reason = "servers died of it"}};
};

TEST(Readyz, IsReadyWithoutTheSitesThatCannotBeServedAndNamesThem) {
  const OneOfThree sites;

  const Answer ready = get_readyz(sites.source.view());

  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body,
            "ready\nsite bad: refused: bad.wasm is no component\n"
            "site killer: quarantined: servers died of it\n");
}

TEST(Readyz, SaysThatHttpsIsRefused) {
  const OneOfThree sites;
  AdminView view = sites.source.view();
  view.https_refused = true;
  view.ready = false;

  const Answer answer = get_readyz(view);

  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.body.starts_with("https: no certificate can be used")) << answer.body;
}

TEST(Status, TellsWhichSitesAreNotServedAndWhy) {
  OneOfThree three;
  three.verdicts[0] = {.kind = SiteVerdict::Kind::Refused, .reason = "new.wasm is cut"};

  const auto sites = status_of(three.source)["sites"];

  ASSERT_EQ(sites.size(), 3U);
  EXPECT_EQ(sites[0]["state"], "running");
  EXPECT_EQ(sites[0]["served"], true);
  EXPECT_EQ(sites[0]["refused_update"], "new.wasm is cut");
  EXPECT_EQ(sites[1]["state"], "refused");
  EXPECT_EQ(sites[1]["served"], false);
  EXPECT_EQ(sites[1]["reason"], "bad.wasm is no component");
  EXPECT_EQ(sites[2]["state"], "quarantined");
  EXPECT_EQ(served_text(three.source.view().sites),
            "1 of 3 sites are served; not bad (refused: bad.wasm is no component), killer "
            "(quarantined: servers died of it)");
}

TEST(Status, TellsASiteThatCannotBeStartedFromOneThatStarts) {
  FakeAdminSource source;
  EXPECT_EQ(status_of(source)["sites"][0]["state"], "starting");

  for (const CageId id : source.cores.in_state(model::CageState::Initializing)) {
    source.cores.fail_spawn(id);
  }
  source.cores.deliver(source.supervisor, source.now);

  EXPECT_EQ(status_of(source)["sites"][0]["state"], "failing");
  EXPECT_EQ(status_of(source)["sites"][0]["reason"], "its start function trapped");
  EXPECT_TRUE(source.view().sites[0].decided());
}

}  // namespace
}  // namespace pear::admin
