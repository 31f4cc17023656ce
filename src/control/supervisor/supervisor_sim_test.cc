// Simulation: random histories of cages, cores and deployments. Nothing is real but the supervisor;
// one seed is one history, printed when a promise is broken.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "control/supervisor/fake_cores.h"
#include "control/supervisor/supervisor.h"

namespace pear::supervisor {
namespace {

using model::CageState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kSites = 3;

class History {
 public:
  explicit History(std::uint32_t seed) : random_(seed) {
    for (std::uint32_t site = 0; site < kSites; ++site) deploy(SiteId{site});
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      step();
      check();
    }
  }

  // Nothing fails any more: all that may live must come to run.
  void calm() {
    for (int i = 0; i < 150; ++i) {
      for (const CageId id : cores_.in_state(CageState::Initializing)) cores_.start(id);
      for (const CageId id : cores_.in_state(CageState::Terminating)) cores_.end(id);
      now_ += seconds(1);
      turn();
    }
    for (const auto& [id, site] : supervisor_.sites()) {
      EXPECT_EQ(site->current().running(), site->current().places.size()) << site->name();
      EXPECT_EQ(site->staged(), nullptr);
      EXPECT_TRUE(site->leaving().empty());
    }
    EXPECT_TRUE(all_run(supervisor_));
  }

  [[nodiscard]] int given_up() { return cores_.lines["cage_given_up"]; }

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void deploy(SiteId site) {
    auto settings = std::make_shared<config::SiteSettings>();
    settings->name = "site" + std::to_string(static_cast<std::uint32_t>(site));
    settings->cages = 1 + pick(4);
    supervisor_.deploy(site, {.settings = settings, .digest = std::to_string(pick(3))}, now_);
  }

  void turn() {
    now_ += Supervisor::kTurn;
    cores_.turn(supervisor_, 3, now_);
    supervisor_.on_time(now_);
    cores_.deliver(supervisor_, now_);
    cores_.prune();
  }

  // One thing that the world does to us.
  void step() {
    const std::vector<CageId> ids = all_ids();
    if (ids.empty()) return turn();
    const CageId id = ids[pick(static_cast<std::uint32_t>(ids.size()))];
    const CageState state = cores_.cages.at(id).state;
    switch (pick(10)) {
      case 0:
        if (state == CageState::Initializing) cores_.fail_spawn(id);
        break;
      case 1:
      case 2:
        if (state == CageState::Initializing) cores_.start(id);
        break;
      case 3:
      case 4:
        if (state == CageState::Running) cores_.fault(id);
        break;
      case 5:
        if (state == CageState::Running && pick(4) == 0) cores_.cages.at(id).credits = 0;
        break;
      case 6:
        if (state == CageState::Terminating) cores_.end(id);
        break;
      case 7:
        if (pick(20) == 0) deploy(SiteId{pick(kSites)});
        if (pick(20) == 0) static_cast<void>(supervisor_.restart(SiteId{pick(kSites)}, now_));
        break;
      case 8:
        if (pick(30) == 0) cores_.cages.at(id).answers = false;
        if (pick(30) == 0) drop_report();
        break;
      default:
        turn();
    }
    if (pick(2) == 0) cores_.deliver(supervisor_, now_);
  }

  void drop_report() {
    cores_.learn_counters(supervisor_);
    if (!cores_.reports.empty()) cores_.reports.pop_front();
  }

  std::vector<CageId> all_ids() const {
    std::vector<CageId> ids;
    for (const auto& [id, cage] : cores_.cages) ids.push_back(id);
    return ids;
  }

  void check() {
    for (const auto& [id, site] : supervisor_.sites()) {
      for (const auto& place : site->current().places) check_place(*place);
      if (site->staged() == nullptr) continue;
      for (const auto& place : site->staged()->places) check_place(*place);
    }
  }

  void check_place(const Place& place) {
    ASSERT_LE(place.policy.failures(), 5U);
    if (place.spawn_at) {
      const auto bound = place.gave_up ? SiteWatch::kProbePeriod : seconds(60);
      ASSERT_LE(*place.spawn_at - now_, bound);
    }
    ASSERT_NE(place.cage, nullptr);
    // A place is never forgotten: its cage lives, or something is due for it.
    const bool due = place.spawn_at.has_value();
    ASSERT_TRUE(due || place.cage->state == CageState::Running ||
                place.cage->state == CageState::Initializing);
    ASSERT_EQ(place.gave_up, place.gave_up && place.policy.failures() >= 4);
  }

  std::mt19937 random_;
  FakeCores cores_;
  Supervisor supervisor_{{.cores = 3, .drain = milliseconds(1'000)}, cores_, cores_};
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST(SupervisorSimulation, EveryHistoryKeepsThePromisesAndEndsWithAllCagesRunning) {
  for (std::uint32_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(seed);
    history.run(seed % 50 == 0 ? 2'000 : 200);
    if (HasFatalFailure()) return;
    history.calm();
    if (HasFailure()) return;
  }
}

// One cage of a site crashes, without a credit and at a random moment: the others must serve on.
TEST(SupervisorSimulation, OneCrashNeverTakesAllTheCagesOfASite) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    FakeCores cores;
    cores.starts_at_once = true;
    Supervisor supervisor({.cores = 2}, cores, cores);
    MonotonicTime now{std::chrono::hours(1)};
    auto settings = std::make_shared<config::SiteSettings>();
    settings->name = "shop";
    supervisor.deploy(SiteId{0}, {.settings = settings, .digest = "a"}, now);
    cores.deliver(supervisor, now);
    cores.starts_at_once = false;

    for (int i = 0; i < 200; ++i) {
      const auto running = cores.in_state(CageState::Running);
      ASSERT_GE(running.size(), 2U);
      if (running.size() == 3 && random() % 4 == 0) {
        const CageId victim = running[random() % 3];
        cores.cages.at(victim).credits = 0;
        cores.fault(victim);
      }
      for (const CageId id : cores.in_state(CageState::Initializing)) {
        if (random() % 3 == 0)
          cores.fail_spawn(id);
        else if (random() % 3 == 0)
          cores.start(id);
      }
      now += Supervisor::kTurn;
      cores.deliver(supervisor, now);
      supervisor.on_time(now);
      cores.deliver(supervisor, now);
      for (const CageId id : cores.in_state(CageState::Terminating)) cores.end(id);
    }
  }
}

}  // namespace
}  // namespace pear::supervisor
