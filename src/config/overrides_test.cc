// What stands over the file: preset, environment, --set, flags; and the effective configuration.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace pear::config {
namespace {

constexpr std::string_view kTwoSites = R"(pear_version = 1
[server]
cores = 1
listen = ["0.0.0.0:3000", "[::1]:4000"]
[site.shop-a]
source = "a.wasm"
hosts = ["a.test"]
limits.cpu = "2s"
[site.b]
source = "b.wasm"
hosts = ["b.test"]
)";

LoadResult load_with(const Overrides& overrides, std::string_view text = kTwoSites) {
  return load_text({.file = "/tmp/pear.toml", .text = std::string(text)}, overrides);
}

Settings settings_with(const Overrides& overrides, std::string_view text = kTwoSites) {
  const LoadResult result = load_with(overrides, text);
  for (const Problem& problem : result.problems) ADD_FAILURE() << to_text(problem);
  return result.settings ? *result.settings : Settings{.file = {}, .server = {}, .sites = {{}, {}}};
}

std::string first_problem(const Overrides& overrides) {
  const LoadResult result = load_with(overrides);
  EXPECT_FALSE(result.settings);
  return result.problems.empty() ? "" : to_text(result.problems.front());
}

TEST(Overrides, WinInTheirOrder) {
  EXPECT_EQ(settings_with({}).server.cores, 1U);
  Overrides overrides{.environment = {"PEAR_SET__SERVER__CORES=2"}};
  EXPECT_EQ(settings_with(overrides).server.cores, 2U);
  overrides.set = {"server.cores=3", "server.cores=4"};
  EXPECT_EQ(settings_with(overrides).server.cores, 4U);
  overrides.flags = {{"--cores", "server.cores", "5"}};
  EXPECT_EQ(settings_with(overrides).server.cores, 5U);
}

TEST(Overrides, LeaveWhatTheFileSaysAboveThePreset) {
  const Settings settings = settings_with({.preset = Preset::Prod});

  EXPECT_EQ(settings.server.preset, Preset::Prod);
  EXPECT_EQ(settings.sites[0].limits.cpu, milliseconds(2'000));
  EXPECT_EQ(settings.sites[1].limits.cpu, milliseconds(500));
  EXPECT_EQ(settings.sites[0].limits.memory, 64_MiB);
}

TEST(Overrides, ChooseThePresetBeforeItIsApplied) {
  const std::string with_prod =
      "pear_version = 1\nserver.preset = \"prod\"\n[site.a]\nsource = \"a\"\n";

  EXPECT_EQ(settings_with({}, with_prod).sites[0].limits.memory, 64_MiB);
  EXPECT_EQ(settings_with({.environment = {"PEAR_SET__SERVER__PRESET=dev"}}, with_prod)
                .sites[0]
                .limits.memory,
            256_MiB);
  EXPECT_EQ(settings_with({.set = {"server.preset=default"}}, with_prod).sites[0].limits.memory,
            128_MiB);
  EXPECT_EQ(settings_with({.set = {"server.preset=default"}, .preset = Preset::Dev}, with_prod)
                .sites[0]
                .limits.memory,
            256_MiB);
}

TEST(Overrides, ReachOneSiteOrEverySite) {
  const Settings one = settings_with({.set = {"site.shop-a.cages=7"}});
  EXPECT_EQ(one.sites[0].cages, 7U);
  EXPECT_EQ(one.sites[1].cages, 3U);

  const Settings every = settings_with({.set = {"site.*.cages=per-core"}});
  EXPECT_EQ(every.sites[0].cages, 0U);
  EXPECT_EQ(every.sites[1].cages, 0U);

  const Settings named = settings_with({.environment = {"PEAR_SET__SITE__SHOP_A__CAGES=9"}});
  EXPECT_EQ(named.sites[0].cages, 9U);
  EXPECT_EQ(named.sites[1].cages, 3U);
}

TEST(Overrides, TakeListsWithCommasAndAsToml) {
  const std::vector<std::string> both{"x.test", "*.y.test"};

  EXPECT_EQ(settings_with({.set = {"site.b.hosts=x.test,*.y.test"}}).sites[1].hosts, both);
  EXPECT_EQ(settings_with({.set = {R"(site.b.hosts=["x.test", "*.y.test"])"}}).sites[1].hosts,
            both);
  EXPECT_EQ(settings_with({.set = {"site.b.route=/a,/b/..."}}).sites[1].routes.size(), 2U);
  EXPECT_EQ(settings_with({.set = {R"(site.b.permissions.environment={ A = "1" })"}})
                .sites[1]
                .permissions.environment,
            (std::vector<std::pair<std::string, std::string>>{{"A", "1"}}));
  EXPECT_EQ(
      settings_with({.set = {"site.b.balance=weighted", "site.b.weights=1,2,3"}}).sites[1].weights,
      (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(Overrides, SetTheAddressesFromThePlatform) {
  const auto listen = [](std::vector<std::string> environment) {
    std::string all;
    for (const ListenAddress& a :
         settings_with({.environment = std::move(environment)}).server.listen) {
      all += fmt::format("{}:{} ", a.host, a.port);
    }
    return all;
  };

  EXPECT_EQ(listen({}), "0.0.0.0:3000 ::1:4000 ");
  EXPECT_EQ(listen({"PORT=8080"}), "0.0.0.0:8080 ::1:8080 ");
  EXPECT_EQ(listen({"PORT=8080", "LISTEN=127.0.0.1:1"}), "127.0.0.1:1 ");
  EXPECT_EQ(listen({"PORT=8080", "LISTEN=127.0.0.1:1", "PEAR_LISTEN=127.0.0.1:2,127.0.0.1:4"}),
            "127.0.0.1:2 127.0.0.1:4 ");
  EXPECT_EQ(listen({"PORT=", "LISTEN=", "PORTS=1", "PEAR_SET__SERVER__CORES="}),
            "0.0.0.0:3000 ::1:4000 ");
}

TEST(Overrides, NameThemselvesInTheirProblems) {
  EXPECT_EQ(first_problem({.environment = {"PORT=65536"}}),
            "environment PORT: server.listen: \"65536\" is not a port (allowed: 0 to 65535)");
  EXPECT_EQ(first_problem({.environment = {"PEAR_SET__SERVER__CORE=1"}}),
            "environment PEAR_SET__SERVER__CORE: server.core: is not a known key; did you mean "
            "server.cores?");
  EXPECT_EQ(first_problem({.set = {"server.cores=many"}}),
            "--set: server.cores: \"many\" is not allowed (allowed: 1 to 1,024, or \"auto\")");
  EXPECT_EQ(first_problem({.set = {"site.bb.cages=1"}}),
            "--set: site.bb.cages: there is no site \"bb\" (allowed: shop-a, b, or * for every "
            "site); did you mean site.b?");
  EXPECT_EQ(first_problem({.set = {"server.quic=on"}}),
            "--set: server.quic: is not available in this version of Pear");
  EXPECT_EQ(first_problem({.set = {"cores=2"}}),
            "--set: cores: is not a key (allowed: server.KEY or site.NAME.KEY)");
  EXPECT_EQ(first_problem({.set = {"server.cores"}}),
            "--set: server.cores: has no value (allowed: KEY=VALUE)");
  EXPECT_EQ(first_problem({.flags = {{"--listen", "server.listen", "8080"}}}),
            "--listen: server.listen[0]: 8080 is not an address (allowed: \"IPv4:PORT\" or "
            "\"[IPv6]:PORT\"); did you mean 127.0.0.1:8080?");
  EXPECT_EQ(first_problem({.flags = {{"--cages", "site.*.cages", "0"}}}),
            "--cages: site.shop-a.cages: 0 is not allowed (allowed: 1 to 1,000, or \"per-core\")");
}

TEST(Overrides, AreTextInUtf8) {
  const auto path = [](std::string_view text) {
    return load_with({.set = {fmt::format("site.b.heal.path=/{}", text)}}).problems;
  };
  const auto command = [](std::string_view text) {
    return load_with({.set = {fmt::format("site.b.build.command=x{}", text)}}).problems;
  };

  for (const char* good :
       {"", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(command(good).empty()) << good;
  }
  for (const char* bad : {"\x80", "\xC1\x80", "\xC2", "\xC2 ", "\xE0\x9F\x80", "\xED\xA0\x80",
                          "\xF0\x8F\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    ASSERT_EQ(command(bad).size(), 1U) << bad;
    EXPECT_EQ(command(bad)[0].what, "is not a text in UTF-8");
  }
  EXPECT_FALSE(path("\xC3\xA4").empty());
}

TEST(Overrides, TakePathsFromTheCurrentFolder) {
  const Settings settings = settings_with({.set = {"site.b.source=out/b.wasm"}});

  EXPECT_EQ(settings.sites[1].source, std::filesystem::current_path() / "out/b.wasm");
}

TEST(EffectiveToml, SaysWhereEachValueCameFrom) {
  const LoadResult result = load_with({.environment = {"PEAR_SET__SERVER__DRAIN=1s"},
                                       .set = {"server.cores=2"},
                                       .preset = Preset::Prod});
  ASSERT_TRUE(result.settings);

  const std::string toml = effective_toml(*result.settings, result.origins);

  for (const char* line :
       {"cores = 2  # --set\n", "preset = \"prod\"  # --preset\n", "instances_max = 1000\n",
        "drain = \"1s\"  # environment PEAR_SET__SERVER__DRAIN\n",
        "listen = [\"0.0.0.0:3000\", \"[::1]:4000\"]  # /tmp/pear.toml:4\n",
        "[site.shop-a.limits]\nmemory = \"64MiB\"  # preset prod\ncpu = \"2s\"  # "
        "/tmp/pear.toml:8\n"}) {
    EXPECT_NE(toml.find(line), std::string::npos) << line << toml;
  }
}

TEST(EffectiveToml, LoadsToTheSameSettings) {
  const LoadResult first = load_with(
      {.set = {R"(site.b.permissions={})", "site.b.heal.path=/h"}, .flags = {}, .preset = {}});
  EXPECT_FALSE(first.settings);  // A section is not a key.

  const LoadResult result =
      load_with({.set = {R"(site.b.permissions.environment={ "a b" = "tab\t \"quoted\" \u0001" })",
                         "site.b.heal.path=/h", "site.b.build.command=a 'b' \"c\" \\d",
                         "site.b.build.watch=*"}});
  ASSERT_TRUE(result.settings) << to_text(result.problems[0]);

  const LoadResult again = load_text(
      {.file = "/elsewhere/pear.toml", .text = effective_toml(*result.settings, result.origins)},
      {});

  ASSERT_TRUE(again.settings) << to_text(again.problems[0]);
  EXPECT_EQ(again.settings->server, result.settings->server);
  EXPECT_EQ(again.settings->sites, result.settings->sites);
}

}  // namespace
}  // namespace pear::config
