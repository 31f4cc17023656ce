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
  EXPECT_EQ(starting.body, "site shop: no cage is running\n");

  source.start_all();
  EXPECT_EQ(get_readyz(source.view()).status, 200);

  source.draining = true;
  EXPECT_EQ(get_readyz(source.view()).status, 503);
  EXPECT_EQ(get_livez().status, 200);
}

}  // namespace
}  // namespace pear::admin
