#include "model/route_table.h"

#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/naive_router.h"

namespace pear::model {
namespace {

// Routes of site 1, in the order given.
std::vector<Route> routes_for(std::string_view host, std::initializer_list<const char*> paths) {
  std::vector<Route> routes;
  for (const char* path : paths) {
    routes.push_back({.host = std::string(host),
                      .path = path,
                      .site = SiteId{1},
                      .index = static_cast<std::uint32_t>(routes.size())});
  }
  return routes;
}

RouteTable build(const std::vector<Route>& routes) {
  std::vector<RouteTable::Conflict> conflicts;
  RouteTable table = RouteTable::build(routes, &conflicts);
  EXPECT_TRUE(conflicts.empty());
  return table;
}

// The path of the route that matches; empty when none does.
std::string matched(const std::vector<Route>& routes, std::string_view path,
                    std::string_view host = "any.test") {
  const auto match = build(routes).match(host, path);
  return match ? routes[match->route].path : "";
}

TEST(RouteTable, MatchesAnExactPathAndNothingElse) {
  const auto routes = routes_for("", {"/", "/a/b"});

  EXPECT_EQ(matched(routes, "/"), "/");
  EXPECT_EQ(matched(routes, "/a/b"), "/a/b");
  for (const char* path : {"", "*", "a", "//", "/a", "/a/", "/a/b/", "/a/bc", "/A/b", "/a/%62"}) {
    EXPECT_EQ(matched(routes, path), "") << path;
  }
}

TEST(RouteTable, MatchesOneSegmentThatIsNotEmpty) {
  const auto routes = routes_for("", {"/a/:id", "/a/:id/c"});

  EXPECT_EQ(matched(routes, "/a/x"), "/a/:id");
  EXPECT_EQ(matched(routes, "/a/:id"), "/a/:id");
  EXPECT_EQ(matched(routes, "/a/x/c"), "/a/:id/c");
  EXPECT_EQ(matched(routes, "/a/"), "");
  EXPECT_EQ(matched(routes, "/a/x/"), "");
}

TEST(RouteTable, MatchesAnyRestAndNone) {
  const auto routes = routes_for("", {"/a/..."});

  for (const char* path : {"/a", "/a/", "/a/b", "/a/b/c/", "/a//"}) {
    EXPECT_EQ(matched(routes, path), "/a/...") << path;
  }
  EXPECT_EQ(matched(routes, "/ab"), "");
  EXPECT_EQ(matched(routes_for("", {"/..."}), "/"), "/...");
}

TEST(RouteTable, PrefersLiteralBeforeParameterBeforeRest) {
  const auto routes =
      routes_for("", {"/...", "/:x", "/a", "/:x/b", "/a/...", "/a/:y/d", "/:x/:y/e"});

  EXPECT_EQ(matched(routes, "/a"), "/a");
  EXPECT_EQ(matched(routes, "/z"), "/:x");
  EXPECT_EQ(matched(routes, "/a/b"), "/a/...");
  EXPECT_EQ(matched(routes, "/z/b"), "/:x/b");
  EXPECT_EQ(matched(routes, "/a/q/d"), "/a/:y/d");
  EXPECT_EQ(matched(routes, "/a/q/e"), "/a/...");
  EXPECT_EQ(matched(routes, "/z/q/e"), "/:x/:y/e");
  EXPECT_EQ(matched(routes, "/z/q/f"), "/...");
}

TEST(RouteTable, GoesBackWhenAMoreSpecificBranchLeadsNowhere) {
  const auto routes = routes_for("", {"/a/b/c", "/a/:x/d", "/:y/b/e"});

  EXPECT_EQ(matched(routes, "/a/b/c"), "/a/b/c");
  EXPECT_EQ(matched(routes, "/a/b/d"), "/a/:x/d");
  EXPECT_EQ(matched(routes, "/a/b/e"), "/:y/b/e");
  EXPECT_EQ(matched(routes, "/a/b/f"), "");
}

TEST(RouteTable, ChoosesTheMostSpecificHost) {
  std::vector<Route> routes;
  for (const char* host : {"", "*.test", "*.a.test", "x.a.test"}) {
    routes.push_back({.host = host, .path = "/...", .site = SiteId(routes.size()), .index = 0});
  }
  const RouteTable table = build(routes);
  const auto site = [&](std::string_view host) {
    const auto match = table.match(host, "/");
    return match ? static_cast<int>(match->site) : -1;
  };

  EXPECT_EQ(site("x.a.test"), 3);
  EXPECT_EQ(site("x.a.test."), 3);
  EXPECT_EQ(site("y.a.test"), 2);
  EXPECT_EQ(site("z.y.a.test"), 2);
  EXPECT_EQ(site("a.test"), 1);
  EXPECT_EQ(site("b.test"), 1);
  EXPECT_EQ(site("test"), 0);
  EXPECT_EQ(site(".test"), 0);
  EXPECT_EQ(site("xa.testy"), 0);
  EXPECT_EQ(site(""), 0);
}

TEST(RouteTable, DoesNotLookForAPathUnderALessSpecificHost) {
  std::vector<Route> routes = routes_for("", {"/..."});
  routes.push_back({.host = "a.test", .path = "/a", .site = SiteId{2}, .index = 0});
  const RouteTable table = build(routes);

  EXPECT_FALSE(table.match("a.test", "/b"));
  EXPECT_TRUE(table.match("b.test", "/b"));
}

TEST(RouteTable, ReportsConflictsAndKeepsTheFirst) {
  std::vector<Route> routes = routes_for("a.test", {"/:x", "/b"});
  routes.push_back({.host = "a.test", .path = "/:y", .site = SiteId{2}, .index = 0});
  routes.push_back({.host = "b.test", .path = "/:y", .site = SiteId{2}, .index = 1});
  std::vector<RouteTable::Conflict> conflicts;

  const RouteTable table = RouteTable::build(routes, &conflicts);

  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].first, routes[0]);
  EXPECT_EQ(conflicts[0].second, routes[2]);
  EXPECT_EQ(table.match("a.test", "/q")->site, SiteId{1});
}

TEST(RouteTable, MatchesNothingWhenEmptyOrMovedFrom) {
  RouteTable empty;
  RouteTable table = build(routes_for("", {"/..."}));
  const RouteTable moved = std::move(table);

  EXPECT_FALSE(empty.match("a", "/"));
  EXPECT_TRUE(moved.match("a", "/"));
}

// Few letters, so that routes and requests meet often.
class RandomRequests {
 public:
  explicit RandomRequests(std::uint32_t seed) : random_(seed) {}

  std::vector<Route> routes() {
    std::vector<Route> routes(1 + pick(12));
    for (std::uint32_t i = 0; i < routes.size(); ++i) {
      routes[i] = {.host = pattern_of_host(), .path = pattern(), .site = SiteId{i}, .index = i};
    }
    return routes;
  }
  std::string path() {
    std::string path;
    for (std::uint32_t n = pick(5); n > 0; --n) path += std::string("/") + letter();
    if (path.empty() || pick(5) == 0) path += '/';
    return path;
  }
  std::string host() {
    std::string host = letter();
    for (std::uint32_t n = pick(3); n > 0; --n) host += std::string(".") + letter();
    return host;
  }

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string letter() { return std::string(1, static_cast<char>('a' + pick(2))); }
  std::string pattern_of_host() {
    const std::uint32_t kind = pick(3);
    return kind == 0 ? "" : (kind == 1 ? "*." : "") + host();
  }
  std::string pattern() {
    std::string path;
    for (std::uint32_t n = pick(5); n > 0; --n) path += "/" + (pick(3) == 0 ? ":p" : letter());
    const std::uint32_t end = path.empty() ? 1 + pick(2) : pick(4);
    return path + (end == 1 ? "/..." : end == 2 ? "/" : "");
  }

  std::mt19937 random_;
};

TEST(RouteTable, AgreesWithTheNaiveRouter) {
  RandomRequests random(20'261'122);
  for (int round = 0; round < 400; ++round) {
    std::vector<Route> routes;
    std::vector<RouteTable::Conflict> conflicts;
    for (const Route& route : random.routes()) {
      routes.push_back(route);
      conflicts.clear();
      static_cast<void>(RouteTable::build(routes, &conflicts));
      if (!conflicts.empty()) routes.pop_back();
    }
    const RouteTable table = build(routes);
    for (int request = 0; request < 50; ++request) {
      const std::string host = random.host();
      const std::string path = random.path();
      EXPECT_EQ(table.match(host, path), naive_match(routes, host, path)) << host << path;
    }
  }
}

// The largest paths and hosts that the server lets through, against routes made to mislead.
// Exponential or quadratic work would not end within the time of a test.
TEST(RouteTable, EndsOnTheLongestHostilePaths) {
  std::vector<Route> routes;
  std::string deep;
  for (int i = 0; i < 400; ++i) deep += i % 2 == 0 ? "/a" : "/:p";
  routes.push_back({.host = "", .path = deep + "/end", .site = SiteId{1}, .index = 0});
  for (int i = 0; i < 190; ++i) {
    std::string path;
    for (int j = 0; j < i * 2; ++j) path += (j == i ? "/:p" : "/a");
    routes.push_back({.host = "", .path = path + "/end", .site = SiteId{1}, .index = 1});
  }
  routes.push_back({.host = "*.a", .path = "/...", .site = SiteId{2}, .index = 0});
  const RouteTable table = RouteTable::build(routes, nullptr);

  std::string path;
  for (int i = 0; i < 4'096; ++i) path += "/a";
  std::string host;
  for (int i = 0; i < 4'096; ++i) host += "b.";

  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(table.match("x", path));
    EXPECT_FALSE(table.match("x", std::string(8'192, '/')));
    EXPECT_FALSE(table.match("x", "/" + std::string(8'191, 'a')));
    EXPECT_FALSE(table.match(host, path));
  }
}

TEST(RouteTable, TakesPathsApartWithoutRecursion) {
  std::string request;
  for (int i = 0; i < 1'000; ++i) request += "/x";
  std::string route;
  for (int i = 0; i < 600; ++i) route += "/:p";

  const RouteTable table = build(routes_for("", {route.c_str(), "/..."}));

  EXPECT_EQ(table.match("h", request)->route, 1U);
  EXPECT_EQ(table.match("h", request.substr(0, 1'200))->route, 0U);
}

}  // namespace
}  // namespace pear::model
