#include "control/supervisor/supervisor.h"

#include <gtest/gtest.h>

#include "control/supervisor/fake_cores.h"

namespace pear::supervisor {
namespace {

using model::CageState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SiteId kShop{0};

Version version(std::string digest, std::uint32_t cages = 3, std::string health_path = "") {
  auto settings = std::make_shared<config::SiteSettings>();
  settings->heal.path = std::move(health_path);
  settings->name = "shop";
  settings->cages = cages;
  return {.settings = std::move(settings), .digest = std::move(digest)};
}

class SupervisorTest : public testing::Test {
 protected:
  // Time goes on in turns, and what the cores said arrives.
  void pass(milliseconds time) {
    const MonotonicTime end = now_ + time;
    while (now_ < end) {
      now_ += Supervisor::kTurn;
      cores_.turn(supervisor_, 2, now_);
      supervisor_.on_time(now_);
      cores_.deliver(supervisor_, now_);
    }
  }
  void deliver() { cores_.deliver(supervisor_, now_); }
  void start_all() {
    for (const CageId id : cores_.in_state(CageState::Initializing)) cores_.start(id);
    deliver();
  }
  const SiteWatch& shop() { return *supervisor_.sites().at(kShop); }
  CageId cage_at(std::size_t place) { return shop().current().places[place]->cage->id; }

  FakeCores cores_;
  Supervisor supervisor_{{.cores = 2}, cores_, cores_};
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST_F(SupervisorTest, SpawnsTheCagesOfASiteSpreadOverTheCores) {
  supervisor_.deploy(kShop, version("a", 4), now_);

  ASSERT_EQ(cores_.cages.size(), 4U);
  std::map<CoreId, int> per_core;
  for (const auto& [id, cage] : cores_.cages) ++per_core[cage.core];
  EXPECT_EQ(per_core[CoreId{0}], 2);
  EXPECT_EQ(per_core[CoreId{1}], 2);
}

TEST_F(SupervisorTest, MakesOneCagePerCoreWhenAskedForNone) {
  supervisor_.deploy(kShop, version("a", 0), now_);

  EXPECT_EQ(cores_.cages.size(), 2U);
}

TEST_F(SupervisorTest, IsReadyOnceEverySiteHasARunningCage) {
  supervisor_.deploy(kShop, version("a"), now_);
  EXPECT_FALSE(all_run(supervisor_));

  cores_.start(cage_at(1));
  deliver();

  EXPECT_TRUE(all_run(supervisor_));
}

TEST_F(SupervisorTest, LeavesAFaultThatTheCoreHealedAlone) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();

  cores_.fault(cage_at(0));
  deliver();

  EXPECT_EQ(cores_.cages.at(cage_at(0)).spawns, 1U);
  EXPECT_EQ(shop().current().running(), 3U);
  ASSERT_EQ(shop().heals().size(), 1U);
  EXPECT_EQ(shop().heals()[0].kind, data::FaultKind::Trap);
}

TEST_F(SupervisorTest, RespawnsACageAtOnceThatHadNoCreditLeft) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();
  const CageId cage = cage_at(0);

  for (std::uint32_t i = 0; i <= RecoveryCredits::kMeasure; ++i) cores_.fault(cage);
  deliver();

  EXPECT_EQ(cage_at(0), cage);
  EXPECT_EQ(cores_.cages.at(cage).spawns, 2U);
  EXPECT_EQ(cores_.cages.at(cage).credits, RecoveryCredits::kMeasure);
}

TEST_F(SupervisorTest, LetsARequestThatTrapsBeRepeatedForEver) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  start_all();
  const CageId cage = cage_at(0);

  for (int turn = 0; turn < 1'000; ++turn) {
    for (std::uint32_t i = 0; i < RecoveryCredits::kMeasure; ++i) {
      cores_.fault(cage);
      ASSERT_EQ(cores_.cages.at(cage).state, CageState::Running) << "turn " << turn;
    }
    deliver();
    pass(Supervisor::kTurn);
  }

  EXPECT_EQ(cores_.cages.at(cage).spawns, 1U);
  EXPECT_EQ(cores_.lines["cage_given_up"], 0);
}

TEST_F(SupervisorTest, RetriesASpawnAfterItsBackoffAndNotBefore) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  const CageId cage = cage_at(0);

  cores_.fail_spawn(cage);
  deliver();
  pass(milliseconds(900));
  EXPECT_EQ(cores_.cages.at(cage).spawns, 1U);
  pass(milliseconds(100));

  EXPECT_EQ(cores_.cages.at(cage).spawns, 2U);
}

TEST_F(SupervisorTest, GivesUpAfterFiveAttemptsWithOneErrorLineAndProbesEachMinute) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  const auto fail_all = [&] {
    for (const CageId id : cores_.in_state(CageState::Initializing)) cores_.fail_spawn(id);
    for (const CageId id : cores_.in_state(CageState::Terminating)) cores_.end(id);
    deliver();
  };
  const CageId first = cage_at(0);

  for (int i = 0; i < 300; ++i) {
    fail_all();
    pass(milliseconds(100));
  }
  EXPECT_EQ(cores_.cages.at(first).spawns, 5U);
  EXPECT_EQ(cores_.cages.at(first).state, CageState::Terminated);
  EXPECT_EQ(cores_.lines["cage_given_up"], 1);

  for (int i = 0; i < 1'200; ++i) {
    fail_all();
    pass(milliseconds(100));
  }
  EXPECT_GE(cores_.cages.size(), 2U);
  EXPECT_LE(cores_.cages.size(), 4U);
  EXPECT_EQ(cores_.lines["cage_given_up"], 1);
}

TEST_F(SupervisorTest, RunsAgainWhenAProbeSucceeds) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  for (int i = 0; i < 300; ++i) {
    for (const CageId id : cores_.in_state(CageState::Initializing)) cores_.fail_spawn(id);
    pass(milliseconds(100));
  }
  ASSERT_EQ(cores_.lines["cage_given_up"], 1);

  cores_.starts_at_once = true;
  pass(seconds(61));

  EXPECT_TRUE(all_run(supervisor_));
  EXPECT_EQ(shop().current().places[0]->policy.failures(), 0U);
}

TEST_F(SupervisorTest, ReplacesACageThatGivesNoProofOfLife) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a"), now_);
  deliver();
  const CageId mute = cage_at(0);
  cores_.cages.at(mute).answers = false;

  pass(seconds(11));

  EXPECT_EQ(cores_.cages.at(mute).state, CageState::Terminating);
  EXPECT_NE(cage_at(0), mute);
  EXPECT_EQ(cores_.cages.at(cage_at(0)).core, cores_.cages.at(mute).core);
  EXPECT_EQ(cores_.lines["cage_lost"], 1);
  EXPECT_EQ(shop().current().running(), 3U);
}

TEST_F(SupervisorTest, ReplacesOneCageAMinuteWhoseHealthPathFailsAndNeverAllAtOnce) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a", 3, "/health"), now_);
  deliver();
  const auto fail_all = [&] {
    for (auto& [id, cage] : cores_.cages) cage.healthy = false;
  };

  for (int i = 0; i < 300; ++i) {
    fail_all();
    pass(milliseconds(100));
    ASSERT_EQ(shop().current().running(), 3U);
  }

  EXPECT_EQ(cores_.lines["cage_unhealthy"], 3);
  EXPECT_EQ(cores_.lines["cage_lost"], 0);
}

TEST_F(SupervisorTest, TakesASlowHealthPathForUnhealthyAndNotForLost) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a", 3, "/health"), now_);
  deliver();
  const CageId slow = cage_at(0);
  cores_.cages.at(slow).answers = false;

  pass(seconds(11));
  EXPECT_EQ(cage_at(0), slow);
  pass(seconds(10));

  EXPECT_NE(cage_at(0), slow);
  EXPECT_EQ(cores_.lines["cage_unhealthy"], 1);
  EXPECT_EQ(cores_.lines["cage_lost"], 0);
}

TEST_F(SupervisorTest, ReplacesTheOnlyCageOfACoreWhoseLoopStillTurns) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a", 1), now_);
  deliver();
  cores_.cages.at(cage_at(0)).answers = false;

  pass(seconds(11));

  EXPECT_EQ(cores_.lines["cage_lost"], 1);
  EXPECT_EQ(cores_.lines["core_silent"], 0);
}

TEST_F(SupervisorTest, ReportsACoreThatStandsStillOnceAndLeavesItsCages) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a", 4), now_);
  deliver();
  pass(seconds(1));
  cores_.hung.insert(CoreId{1});

  pass(seconds(30));
  EXPECT_EQ(cores_.lines["core_silent"], 1);
  EXPECT_EQ(cores_.lines["cage_lost"], 0);
  EXPECT_TRUE(supervisor_.core_silent(CoreId{1}));
  EXPECT_FALSE(all_run(supervisor_));

  supervisor_.on_core_heard(CoreId{1}, now_);
  EXPECT_EQ(cores_.lines["core_answers"], 1);
  EXPECT_TRUE(all_run(supervisor_));
}

TEST_F(SupervisorTest, SwapsToANewVersionOnlyOnceItRuns) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();
  const CageId old = cage_at(0);

  supervisor_.deploy(kShop, version("b"), now_);
  pass(seconds(1));
  EXPECT_EQ(cores_.cages.at(old).state, CageState::Running);
  EXPECT_EQ(shop().current().version.digest, "a");

  start_all();
  EXPECT_EQ(shop().current().version.digest, "b");
  EXPECT_EQ(cores_.cages.at(old).state, CageState::Terminating);
  EXPECT_EQ(shop().current().running(), 3U);
}

TEST_F(SupervisorTest, SwapsWithOneRunningCageAfterTheGrace) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();
  supervisor_.deploy(kShop, version("b"), now_);

  cores_.start(shop().staged()->places[1]->cage->id);
  deliver();
  EXPECT_EQ(shop().current().version.digest, "a");
  pass(SiteWatch::kSwapGrace);
  pass(Supervisor::kTurn);

  EXPECT_EQ(shop().current().version.digest, "b");
}

TEST_F(SupervisorTest, KeepsTheOldVersionAndSaysWhyWhenTheNewOneCannotBeMade) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();
  supervisor_.deploy(kShop, version("b"), now_);

  for (const CageId id : cores_.in_state(CageState::Initializing)) cores_.fail_spawn(id);
  deliver();
  pass(seconds(1));

  EXPECT_EQ(shop().current().version.digest, "a");
  EXPECT_EQ(shop().current().running(), 3U);
  EXPECT_EQ(shop().staged(), nullptr);
  EXPECT_NE(shop().refusal().find("its start function trapped"), std::string_view::npos);
  EXPECT_EQ(cores_.lines["site_update_failed"], 1);
}

TEST_F(SupervisorTest, KeepsRunningCagesWhenOnlyTheirNumberChanges) {
  supervisor_.deploy(kShop, version("a", 3), now_);
  start_all();
  const CageId first = cage_at(0);

  supervisor_.deploy(kShop, version("a", 5), now_);
  EXPECT_EQ(cores_.cages.size(), 5U);
  EXPECT_EQ(cage_at(0), first);
  supervisor_.deploy(kShop, version("a", 1), now_);

  EXPECT_EQ(shop().current().places.size(), 1U);
  EXPECT_EQ(cores_.cages.at(first).state, CageState::Running);
}

TEST_F(SupervisorTest, RestartReplacesEveryCageByOneOfTheSameVersion) {
  cores_.starts_at_once = true;
  supervisor_.deploy(kShop, version("a"), now_);
  deliver();
  const CageId old = cage_at(0);

  EXPECT_TRUE(supervisor_.restart(kShop, now_));
  deliver();

  EXPECT_NE(cage_at(0), old);
  EXPECT_EQ(cores_.in_state(CageState::Terminating).size(), 3U);
  EXPECT_EQ(shop().current().running(), 3U);
  EXPECT_FALSE(supervisor_.restart(SiteId{7}, now_));
}

TEST_F(SupervisorTest, ForgetsARemovedSiteOnceItsCagesHaveEnded) {
  supervisor_.deploy(kShop, version("a"), now_);
  start_all();

  supervisor_.remove(kShop, now_);
  EXPECT_TRUE(supervisor_.sites().empty());
  for (const CageId id : cores_.in_state(CageState::Terminating)) cores_.end(id);
  deliver();
  pass(Supervisor::kTurn);

  EXPECT_EQ(cores_.in_state(CageState::Terminated).size(), 3U);
}

TEST_F(SupervisorTest, SeesAStartWhoseReportWasDropped) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  cores_.learn_counters(supervisor_);
  cores_.start(cage_at(0));
  cores_.reports.clear();

  pass(seconds(6));

  EXPECT_TRUE(all_run(supervisor_));
}

TEST_F(SupervisorTest, HealsACrashWhoseReportWasDropped) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  start_all();
  cores_.cages.at(cage_at(0)).credits = 0;
  cores_.fault(cage_at(0));
  cores_.reports.clear();

  pass(2 * Supervisor::kTurn);

  EXPECT_EQ(cores_.cages.at(cage_at(0)).state, CageState::Initializing);
}

TEST_F(SupervisorTest, CountsASpawnWithoutAnswerAsFailedAndTakesAnotherCage) {
  supervisor_.deploy(kShop, version("a", 2), now_);
  const CageId stuck = cage_at(0);
  cores_.start(cage_at(1));
  deliver();
  pass(seconds(63));

  EXPECT_NE(cage_at(0), stuck);
  EXPECT_EQ(cores_.cages.at(stuck).state, CageState::Terminating);
}

TEST_F(SupervisorTest, WarnsWhenHealingTookLongerThanItsDeadline) {
  supervisor_.deploy(kShop, version("a", 1), now_);
  start_all();
  cores_.cages.at(cage_at(0)).credits = 0;
  cores_.fault(cage_at(0));
  deliver();

  pass(milliseconds(200));
  start_all();

  EXPECT_EQ(cores_.lines["heal_late"], 1);
}

}  // namespace
}  // namespace pear::supervisor
