// One reading of a path through a whole core, by all three protocols: routes, rates, early data,
// redirects, the log and the guest see the same one, however it was spelled.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "data/three_protocols.h"

namespace pear::data {
namespace {

using cage::FakeGuest;

class PathsTest : public ThreeProtocolsTest {
 protected:
  PathsTest() {
    routes_ = {route("/...", 0), route("/login", 1), route("/admin/...", 2)};
    site_.routes = {{.path = "/..."}, {.path = "/login"}, {.path = "/admin/..."}};
    engine_.serve = [this](FakeGuest& guest) {
      path_ = guest.request.path_with_query;
      return guest.answer("hello");
    };
  }
  static model::Route route(std::string path, std::uint32_t index) {
    return {.host = "", .path = std::move(path), .site = SiteId{0}, .index = index};
  }
  std::string status(By by, std::string_view path) {
    path_ = "(not asked)";
    return ask(by, {.path = std::string(path)}).status;
  }

  std::string path_;  // As the last guest saw it.
};

constexpr config::Rate kOnce{.count = 1, .period = std::chrono::hours(1), .burst = 1};

TEST_F(PathsTest, ALimitHoldsForEverySpelling) {
  site_.routes[1].rate_limit.total = kOnce;
  start_quic();
  EXPECT_EQ(status(By::Http1, "/%6Cogin"), "200");
  EXPECT_EQ(path_, "/login");
  for (const By by : kProtocols) {
    for (const std::string_view path :
         {"/login", "/%6cogin", "/%6C%6F%67%69%6E", "/./login", "/a/../login", "/a/%2e%2E/login",
          "/%2e/login", "/../login", "/admin/../login", "/login?a=1", "/%6Cogin?",
          "/a/b/../../login"}) {
      EXPECT_EQ(status(by, path), "429") << name_of(by) << ' ' << path;
    }
    EXPECT_EQ(status(by, "/Login"), "200") << name_of(by);
    EXPECT_EQ(status(by, "/login/"), "200") << name_of(by);
  }
  EXPECT_EQ(status(By::Http1, "http://example.com/%6Cogin"), "429");
}

TEST_F(PathsTest, WhatGuestsReadInTwoWaysPassesNoLimit) {
  site_.routes[1].rate_limit.total = kOnce;
  site_.routes[2].rate_limit.total = {
      .count = 1'000, .period = std::chrono::hours(1), .burst = 1'000};
  start_quic();
  for (const By by : kProtocols) {
    for (const std::string_view path :
         {"//login", "/login;a=b", "/;/login", "/%2Flogin", "/%2flogin", "/a/..%2Flogin",
          "/admin/..%2Flogin", "/admin/..%5Clogin", "/admin/..;/login", "/admin%2Fa",
          "/a%2F..%2Fadmin/b", "/admin/%2E%2E%2Flogin", "/x;y/..;/login"}) {
      EXPECT_EQ(status(by, path), "400") << name_of(by) << ' ' << path;
      EXPECT_EQ(path_, "(not asked)");
    }
    // What is on one route, however it is read, is served as it came.
    for (const std::string_view path :
         {"/group%2Fproject", "//a//b", "/a;v=1/b", "/http://a/", "/a%3Bb", "/admin/a%2Fb",
          "/admin//x", "/%25login", "/%40a", "/caf%C3%A9?a=%zz//../;%2f"}) {
      EXPECT_EQ(status(by, path), "200") << name_of(by) << ' ' << path;
      EXPECT_EQ(path_, path) << name_of(by);
    }
  }
}

TEST_F(PathsTest, RoutesThatSayTheSameAreOneToEveryReading) {
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, "/%2Flogin"), "200") << name_of(by);
    EXPECT_EQ(path_, "/%2Flogin");
  }
}

TEST_F(PathsTest, WhatTheSiteDoesNotServeIsNotReachedByAnotherReading) {
  routes_ = {route("/public/...", 0)};
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, "/public/../admin"), "404") << name_of(by);
    EXPECT_EQ(status(by, "/public/..%2Fadmin"), "400") << name_of(by);
    EXPECT_EQ(status(by, "/public%2F..%2Fadmin"), "404") << name_of(by);
    EXPECT_EQ(status(by, "/public/a%2Fb"), "200") << name_of(by);
  }
}

TEST_F(PathsTest, TheQueryIsTheSitesOwn) {
  start_quic();
  for (const By by : kProtocols) {
    EXPECT_EQ(status(by, "/%61/./b?%61=/../%zz;//%2f"), "200") << name_of(by);
    EXPECT_EQ(path_, "/a/b?%61=/../%zz;//%2f") << name_of(by);
    EXPECT_EQ(status(by, "/%61?"), "200") << name_of(by);
    EXPECT_EQ(path_, "/a?") << name_of(by);
  }
}

TEST_F(PathsTest, WhatIsNoPathIsRefused) {
  start_quic();
  for (const std::string_view path : {"/%", "/%4", "/%zz", "/%00", "/a\\b", "/a%0"}) {
    EXPECT_EQ(status(By::Http1, path), "400") << path;
    EXPECT_EQ(status(By::Http2, path), "reset 1") << path;
    EXPECT_EQ(status(By::Http3, path), "reset 270") << path;
  }
  EXPECT_EQ(ask(By::Http1, {.method = "OPTIONS", .path = "*"}).status, "204");
  EXPECT_EQ(status(By::Http1, "*"), "400");
}

TEST_F(PathsTest, EarlyDataIsJudgedByTheRouteThatTheGuestSees) {
  site_.routes[1].early_data = false;
  start_quic();
  for (const By by : kProtocols) {
    const Asked asked{.path = "/a/%2E./%6Cogin", .fields = {{"early-data", "1"}}};
    EXPECT_EQ(ask(by, asked).status, "425") << name_of(by);
    EXPECT_EQ(ask(by, {.path = "/a", .fields = {{"early-data", "1"}}}).status, "200");
  }
}

TEST_F(PathsTest, RedirectsAndTheLogHaveTheSamePath) {
  settings_.log.access = true;
  site_.https.redirect = true;
  start_quic();
  const Answered answered = ask(By::Http1, {.path = "/x/../%6Cogin?b=%6C"});
  EXPECT_EQ(answered.status, "308");
  EXPECT_EQ(answered.field("location"), "https://example.com:3443/login?b=%6C");
  EXPECT_TRUE(logged().contains(R"("path":"/login?b=%6C")"));
}

}  // namespace
}  // namespace pear::data
