#include "control/outbox.h"

#include <vector>

#include <gtest/gtest.h>

#include "io/reactor.h"
#include "model/site_table.h"

namespace pear::control {
namespace {

class OutboxTest : public testing::Test {
 protected:
  template <typename Kind>
  Kind next() {
    auto command = queue_.try_pop();
    EXPECT_TRUE(command.has_value());
    if (!command || !std::holds_alternative<Kind>(*command)) {
      ADD_FAILURE() << "another command comes first";
      return {};
    }
    return std::get<Kind>(*command);
  }

  std::unique_ptr<io::Reactor> reactor_ = std::move(io::Reactor::open()).value();
  base::SpscRing<data::CoreCommand> queue_{2};
  Outbox outbox_{queue_, reactor_->waker()};
};

TEST_F(OutboxTest, PutsTheSiteTableBeforeTheCagesThatItNames) {
  outbox_.send(data::SpawnCage{.cage = CageId{1}});
  outbox_.publish(std::make_shared<const model::SiteTable>());

  EXPECT_TRUE(outbox_.flush());

  next<data::PublishSites>();
  EXPECT_EQ(next<data::SpawnCage>().cage, CageId{1});
}

TEST_F(OutboxTest, KeepsWhatFindsNoRoomAndItsOrder) {
  for (std::uint32_t i = 1; i <= 5; ++i) outbox_.send(data::SpawnCage{.cage = CageId{i}});

  EXPECT_FALSE(outbox_.flush());
  EXPECT_EQ(outbox_.waiting(), 3U);

  for (std::uint32_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(next<data::SpawnCage>().cage, CageId{i});
    outbox_.flush();
  }
  EXPECT_EQ(outbox_.waiting(), 0U);
}

TEST_F(OutboxTest, KeepsOnlyTheLatestSiteTable) {
  outbox_.send(data::DrainCore{});
  outbox_.send(data::DrainCore{});
  outbox_.flush();
  outbox_.publish(std::make_shared<const model::SiteTable>());
  const auto latest = std::make_shared<const model::SiteTable>();
  outbox_.publish(latest);
  EXPECT_FALSE(outbox_.flush());
  next<data::DrainCore>();
  next<data::DrainCore>();

  EXPECT_TRUE(outbox_.flush());

  EXPECT_EQ(next<data::PublishSites>().sites, latest);
}

TEST_F(OutboxTest, MergesWishesOfTheSameKindForTheSameCage) {
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    outbox_.send(data::GrantRecovery{.cage = CageId{1}, .credits = 1});
    outbox_.send(data::CheckCage{.cage = CageId{1}, .nonce = i, .path = {}});
  }

  EXPECT_EQ(outbox_.waiting(), 2U);
  outbox_.flush();
  EXPECT_EQ(next<data::GrantRecovery>().credits, 10'000U);
  EXPECT_EQ(next<data::CheckCage>().nonce, 9'999U);
}

TEST_F(OutboxTest, AsksNothingMoreOfACageThatIsToEnd) {
  outbox_.send(data::GrantRecovery{.cage = CageId{1}, .credits = 1});
  outbox_.send(data::CheckCage{.cage = CageId{1}});
  outbox_.send(data::CheckCage{.cage = CageId{2}});
  outbox_.send(data::TerminateCage{.cage = CageId{1}});
  outbox_.flush();

  EXPECT_EQ(next<data::CheckCage>().cage, CageId{2});
  EXPECT_EQ(next<data::TerminateCage>().cage, CageId{1});
}

}  // namespace
}  // namespace pear::control
