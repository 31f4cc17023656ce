#include "control/quarantined_sites.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "control/control_loop_fixture.h"

namespace pear::control {
namespace {

// A server that leaves "shop" out.
class QuarantineTest : public ControlLoopTest {
 protected:
  void SetUp() override { guests_.starts_at_once = true; }

  std::vector<base::QuarantinedSite> told_;
  ControlLoop with_quarantine_{
      {.version = "1.2.3", .quarantine = {{.site = base::site_key("shop"), .component = 0}}},
      {.reactor = *reactor_,
       .cores = links(),
       .images = images_,
       .logger = logger_,
       .wall_time = io::wall_time,
       .tell_quarantine = [this](const auto& sites) { told_.assign(sites.begin(), sites.end()); }}};

  template <typename Done>
  void turn_until(Done done) {
    for (int i = 0; i < 2'000 && !done(); ++i) {
      with_quarantine_.turn_now();
      run_cores();
      if (!done() && i % 4 == 3) with_quarantine_.turn();
    }
    ASSERT_TRUE(done());
  }
  void apply_here(std::shared_ptr<const config::Settings> settings) {
    bool applied = false;
    with_quarantine_.apply(std::move(settings), [&](const ApplyReport&) { applied = true; });
    turn_until([&] { return applied; });
  }
  admin::SiteStanding::State state_of(std::string_view name) {
    const auto sites = with_quarantine_.standings();
    return std::ranges::find(sites, name, &admin::SiteStanding::name)->state;
  }
  using State = admin::SiteStanding::State;
};

TEST_F(QuarantineTest, LeavesTheSiteOutAndServesTheOthers) {
  apply_here(settings_of({site("shop", "a.wasm"), site("blog", "b.wasm")}));
  turn_until([&] { return with_quarantine_.ready(); });

  EXPECT_EQ(state_of("shop"), State::Quarantined);
  EXPECT_EQ(state_of("blog"), State::Running);
  EXPECT_NE(log_text().find("\"event\":\"site_quarantined\",\"site\":\"shop\""), std::string::npos);
  // It is in the table, so that its requests hear 503 at once.
  EXPECT_TRUE(served("shop").cages.empty());
  EXPECT_FALSE(served("shop").awaits_image);
  // The keeper learns of which component.
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].site, base::site_key("shop"));
  EXPECT_NE(told_[0].component, 0U);
}

TEST_F(QuarantineTest, StaysOutWhereTheSameComponentIsLoadedAgain) {
  apply_here(settings_of({site("shop", "a.wasm")}));
  apply_here(settings_of({site("shop", "a.wasm", 3)}));

  EXPECT_EQ(state_of("shop"), State::Quarantined);
}

TEST_F(QuarantineTest, ServesAnotherComponent) {
  apply_here(settings_of({site("shop", "a.wasm")}));
  apply_here(settings_of({site("shop", "mended.wasm")}));
  turn_until([&] { return with_quarantine_.ready(); });

  EXPECT_EQ(state_of("shop"), State::Running);
  EXPECT_TRUE(told_.empty());
}

TEST_F(QuarantineTest, IsLiftedByARestartOfTheSite) {
  apply_here(settings_of({site("shop", "a.wasm")}));

  EXPECT_FALSE(with_quarantine_.restart_site("other"));
  EXPECT_TRUE(with_quarantine_.restart_site("shop"));
  turn_until([&] { return with_quarantine_.ready(); });

  EXPECT_EQ(state_of("shop"), State::Running);
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace pear::control
