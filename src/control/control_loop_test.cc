#include "control/control_loop.h"

#include <gtest/gtest.h>

#include "control/control_loop_fixture.h"

namespace pear::control {
namespace {

TEST_F(ControlLoopTest, BringsSitesUpAndIsReadyWhenTheyRun) {
  guests_.starts_at_once = true;

  const ApplyReport report = apply(settings_of({site("shop", "a.wasm"), site("blog", "b.wasm")}));
  run_until([&] { return control_.ready(); });

  EXPECT_TRUE(report.refused.empty());
  EXPECT_EQ(guests_.in_state(CageState::Running).size(), 4U);
  EXPECT_EQ(served("shop").cages.size(), 2U);
  EXPECT_NE(served("shop").cages[0].core, served("shop").cages[1].core);
  EXPECT_EQ(cores_[1].table->routes.match("blog.example.com", "/x")->site, served("blog").id);
}

TEST_F(ControlLoopTest, IsNotReadyWithoutARunningCage) {
  apply(settings_of({site("shop", "a.wasm")}));

  EXPECT_FALSE(control_.ready());
}

TEST_F(ControlLoopTest, ReportsASiteWhoseImageIsRefusedAndServesTheOthers) {
  guests_.starts_at_once = true;

  const ApplyReport report =
      apply(settings_of({site("bad", "broken.wasm"), site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });

  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].site, "bad");
  EXPECT_EQ(report.refused[0].reason, "broken.wasm is no component");
  EXPECT_NE(log_text().find("\"event\":\"image_refused\",\"site\":\"bad\""), std::string::npos);
}

TEST_F(ControlLoopTest, ServesASiteWhoseImageIsRefusedWithoutCages) {
  guests_.starts_at_once = true;

  apply(settings_of({site("shop", "a.wasm"), site("bad", "broken.wasm")}));
  run_until([&] { return control_.ready(); });
  run_cores();

  EXPECT_EQ(cores_[0].table->routes.match("bad.example.com", "/x")->site, served("bad").id);
  EXPECT_TRUE(served("bad").cages.empty());
  EXPECT_FALSE(served("bad").awaits_image);
}

TEST_F(ControlLoopTest, ServesTheSitesWhoseImagesAreThereWhileAnotherIsMade) {
  guests_.starts_at_once = true;
  bool applied = false;

  control_.apply(settings_of({site("shop", "a.wasm"), site("late", "slow.wasm")}),
                 [&](const ApplyReport&) { applied = true; });
  run_until([&] { return guests_.in_state(CageState::Running).size() == 2; });
  EXPECT_EQ(served("shop").cages.size(), 2U);
  EXPECT_EQ(cores_[0].table->routes.match("late.example.com", "/x")->site, served("late").id);
  EXPECT_TRUE(served("late").awaits_image);
  EXPECT_TRUE(served("late").cages.empty());
  EXPECT_FALSE(control_.ready());

  images_.slow_is_made.release();
  run_until([&] { return applied && control_.ready(); });
  EXPECT_FALSE(served("late").awaits_image);
  EXPECT_EQ(served("late").cages.size(), 2U);
}

TEST_F(ControlLoopTest, TellsTheCoresOfAnOnlySiteWhoseImageTakesLong) {
  guests_.starts_at_once = true;

  control_.apply(settings_of({site("late", "slow.wasm")}), {});
  run_until([&] { return cores_[0].table != nullptr; });

  EXPECT_TRUE(served("late").awaits_image);
  images_.slow_is_made.release();
  run_until([&] { return control_.ready(); });
}

TEST_F(ControlLoopTest, ASiteThatTakesTheRouteOfAnotherGetsItWhenThatIsGone) {
  guests_.starts_at_once = true;
  auto old_site = site("old", "a.wasm");
  auto new_site = site("new", "slow.wasm");
  old_site.hosts = new_site.hosts;
  apply(settings_of({old_site}));
  run_until([&] { return control_.ready(); });
  const SiteId old_id = served("old").id;

  bool applied = false;
  control_.apply(settings_of({new_site}), [&](const ApplyReport&) { applied = true; });
  control_.turn_now();
  run_cores();
  EXPECT_EQ(cores_[0].table->routes.match("new.example.com", "/")->site, old_id);
  images_.slow_is_made.release();
  run_until([&] { return applied && control_.ready(); });
  run_cores();

  EXPECT_EQ(cores_[0].table->routes.match("new.example.com", "/")->site, served("new").id);
  EXPECT_EQ(log_text().find("route_conflict"), std::string::npos);
}

TEST_F(ControlLoopTest, KeepsTheOldVersionWhenTheNewImageIsRefused) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });

  const ApplyReport report = apply(settings_of({site("shop", "broken.wasm")}));
  run_cores();

  EXPECT_EQ(report.refused.size(), 1U);
  EXPECT_TRUE(control_.ready());
  EXPECT_EQ(guests_.cages.size(), 2U);
}

TEST_F(ControlLoopTest, ServesWithTheOldCagesUntilANewOneRuns) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });
  const SiteId id = served("shop").id;
  guests_.starts_at_once = false;

  apply(settings_of({site("shop", "b.wasm")}));
  run_until([&] { return guests_.in_state(CageState::Initializing).size() == 2; });
  EXPECT_EQ(guests_.in_state(CageState::Running).size(), 2U);
  EXPECT_EQ(served("shop").cages.size(), 4U);

  for (const CageId cage : guests_.in_state(CageState::Initializing)) guests_.start(cage);
  run_until([&] { return guests_.in_state(CageState::Terminating).size() == 2; });
  EXPECT_EQ(served("shop").cages.size(), 2U);
  EXPECT_EQ(served("shop").id, id);
  EXPECT_TRUE(control_.ready());
}

TEST_F(ControlLoopTest, RemovesASiteThatIsGoneAndGivesItsIdBackWhenItReturns) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm"), site("blog", "b.wasm")}));
  run_until([&] { return control_.ready(); });
  const SiteId id = served("blog").id;

  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return guests_.in_state(CageState::Terminating).size() == 2; });
  EXPECT_FALSE(cores_[0].table->routes.match("blog.example.com", "/"));
  apply(settings_of({site("shop", "a.wasm"), site("blog", "b.wasm")}));
  run_until([&] { return guests_.in_state(CageState::Running).size() == 4; });

  EXPECT_EQ(served("blog").id, id);
}

TEST_F(ControlLoopTest, CarriesOutOnlyTheLatestSettings) {
  guests_.starts_at_once = true;
  bool superseded = false;
  control_.apply(settings_of({site("old", "a.wasm"), site("older", "b.wasm")}),
                 [&](const ApplyReport& report) { superseded = report.superseded; });

  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready() && superseded; });

  EXPECT_EQ(control_.view().supervisor.sites().size(), 1U);
  EXPECT_EQ(served("shop").settings.name, "shop");
}

TEST_F(ControlLoopTest, SaysWhichRouteTwoSitesClaim) {
  auto second = site("second", "b.wasm");
  second.hosts = {"first.example.com"};

  apply(settings_of({site("first", "a.wasm"), second}));
  run_until([&] { return cores_[0].table != nullptr; });

  EXPECT_NE(log_text().find("\"event\":\"route_conflict\",\"site\":\"second\""), std::string::npos);
}

TEST_F(ControlLoopTest, RestartsASiteByName) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });

  EXPECT_FALSE(control_.restart_site("other"));
  EXPECT_TRUE(control_.restart_site("shop"));
  run_until([&] { return guests_.in_state(CageState::Terminating).size() == 2; });

  EXPECT_EQ(guests_.in_state(CageState::Running).size(), 2U);
}

TEST_F(ControlLoopTest, EndsItsStartWhereASiteFailsAndIsReadyForTheOthers) {
  apply(settings_of({site("shop", "a.wasm", 1), site("aborts", "b.wasm", 1)}));
  run_until([&] { return guests_.in_state(CageState::Initializing).size() == 2; });
  EXPECT_FALSE(control_.start_is_over());

  const auto ids = guests_.in_state(CageState::Initializing);
  guests_.start(ids[0]);
  guests_.fail_spawn(ids[1]);
  run_until([&] { return control_.start_is_over(); });

  EXPECT_TRUE(control_.ready());
  const auto sites = control_.standings();
  ASSERT_EQ(sites.size(), 2U);
  EXPECT_TRUE(sites[0].served());
  EXPECT_EQ(sites[1].state, admin::SiteStanding::State::Failing);
}

TEST_F(ControlLoopTest, ServesASiteWithWhatItLastRanWhereItsSourceIsBrokenAtTheStart) {
  guests_.starts_at_once = true;

  const ApplyReport report = apply(settings_of({site("lasting", "broken.wasm")}));
  run_until([&] { return control_.ready(); });

  EXPECT_TRUE(report.refused.empty());
  const auto sites = control_.standings();
  EXPECT_TRUE(sites[0].served());
  EXPECT_EQ(sites[0].reason, "broken.wasm is no component");
  EXPECT_EQ(sites[0].watch->current().version.digest, "the last one");

  // Later, a source that is broken is refused, and what runs stays.
  EXPECT_EQ(apply(settings_of({site("lasting", "broken.wasm")})).refused.size(), 1U);
}

TEST_F(ControlLoopTest, IsNotReadyWhereNothingIsServed) {
  apply(settings_of({site("bad", "broken.wasm")}));
  run_until([&] { return control_.start_is_over(); });

  EXPECT_FALSE(control_.ready());
}

TEST_F(ControlLoopTest, RespawnsACrashedCageWithinATurn) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });
  const CageId cage = guests_.in_state(CageState::Running)[0];
  guests_.cages.at(cage).credits = 0;

  guests_.fault(cage);
  run_cores();
  control_.turn_now();
  run_cores();

  EXPECT_EQ(guests_.cages.at(cage).state, CageState::Running);
  EXPECT_EQ(guests_.cages.at(cage).spawns, 2U);
}

TEST_F(ControlLoopTest, DrainsAllCoresAndIsNotReadyMeanwhile) {
  guests_.starts_at_once = true;
  apply(settings_of({site("shop", "a.wasm")}));
  run_until([&] { return control_.ready(); });
  std::optional<std::uint64_t> cut;

  control_.drain(reactor_->now() + std::chrono::seconds(30), [&](std::uint64_t n) { cut = n; });
  run_until([&] { return cores_[0].draining && cores_[1].draining; });
  EXPECT_FALSE(control_.ready());
  EXPECT_TRUE(control_.view().draining);
  for (std::uint16_t i = 0; i < kCores; ++i) {
    EXPECT_NE(cores_[i].events.try_push(data::CoreDrained{.core = CoreId{i}, .cut = 2}),
              base::PushResult::Full);
    EXPECT_FALSE(cut.has_value());
    control_.turn_now();
  }

  EXPECT_EQ(cut, 4U);
}

TEST_F(ControlLoopTest, ServesTheAdminResourcesOnALoopbackPort) {
  EXPECT_FALSE(control_.admin_address());
  auto listener = io::open_listener(io::SocketAddress::parse("127.0.0.1", 0).value(), {});

  ASSERT_TRUE(control_.serve_admin(std::move(*listener), "127.0.0.1"));

  EXPECT_NE(control_.admin_address()->port(), 0);
}

}  // namespace
}  // namespace pear::control
