#include "config/load.h"

#include <algorithm>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "config/load_fixture.h"

namespace pear::config {
namespace {

constexpr std::string_view kSmall = R"(pear_version = 1
[site.shop]
source = "shop.wasm"
)";

TEST(Load, GivesASmallFileTheDefaultsOfAProject) {
  const LoadResult result = load_pear(kSmall);

  ASSERT_TRUE(result.settings) << lines(result.problems);
  EXPECT_EQ(result.settings->file, "/tmp/pear.toml");
  EXPECT_EQ(result.settings->server.preset, Preset::Dev);
  EXPECT_EQ(result.settings->server.http, HttpLimits{});
  const SiteSettings& site = only_site(result);
  EXPECT_EQ(site.name, "shop");
  EXPECT_EQ(site.source, "/tmp/shop.wasm");
  EXPECT_EQ(site.cages, 3U);
  EXPECT_EQ(site.limits.memory, 256_MiB);
  EXPECT_EQ(site.limits.cpu, milliseconds(5'000));
}

TEST(Load, ReadsEveryKindOfValue) {
  const base::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "static");
  const auto file = folder.write("pear.toml", R"(pear_version = 1
[server]
listen = ["127.0.0.1:0", "[::1]:8080"]
admin = "off"
preset = "prod"
log = { level = "debug", access = false }
keeper.restart_delay = "1s..2s"
[site.shop]
hosts = ["Shop.Example.com", "*.example.org", "[::1]"]
source = "out/shop.wasm"
cages = 2
balance = "weighted"
weights = [1, 3]
[[site.shop.route]]
path = "/a/..."
[[site.shop.route]]
path = "/b/:id"
[site.shop.limits]
memory = "128MiB"
response_max = "none"
[site.shop.permissions]
files = [{ source = "static", destination = "/static", writable = true, quota = "2MiB", quota_files = 7 }]
environment = { B = "2", A = "1" }
[site.shop.heal]
check = "off"
path = "/health?deep"
backoff = "1s..60s"
[site.shop.run]
isolation = "cage"
[site.shop.build]
command = "make"
watch = ["src/**"]
)");

  const LoadResult result = load(file, {});

  ASSERT_TRUE(result.settings) << lines(result.problems);
  const ServerSettings& server = result.settings->server;
  EXPECT_EQ(server.listen, (std::vector<ListenAddress>{{"127.0.0.1", 0}, {"::1", 8'080}}));
  EXPECT_FALSE(server.admin);
  EXPECT_EQ(server.log.level, LogLevel::Debug);
  EXPECT_FALSE(server.log.access);
  EXPECT_EQ(server.keeper.restart_delay_max, milliseconds(2'000));
  const SiteSettings& site = only_site(result);
  EXPECT_EQ(site.hosts, (std::vector<std::string>{"shop.example.com", "*.example.org", "[::1]"}));
  EXPECT_EQ(site.source, folder.path() / "out/shop.wasm");
  EXPECT_EQ(site.weights, (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(site.routes, (std::vector<RouteSettings>{{"/a/..."}, {"/b/:id"}}));
  EXPECT_EQ(site.limits.cpu, milliseconds(500));
  EXPECT_TRUE(site.permissions.allow_filesystem);
  EXPECT_EQ(site.permissions.files,
            (std::vector<FileGrant>{{folder.path() / "static", "/static", true, 2_MiB, 7}}));
  EXPECT_EQ(site.permissions.environment.front().first, "A");
  EXPECT_EQ(site.heal.check.count(), 0);
  EXPECT_EQ(site.heal.backoff_max, milliseconds(60'000));
  EXPECT_EQ(site.run.isolation, Isolation::Cage);
  EXPECT_EQ(site.build.workdir, folder.path());
}

TEST(Load, GivesDevelopmentAnAddressWithTlsBesideItsFirst) {
  const auto https = [](std::string_view server) {
    const LoadResult result = load_pear(
        fmt::format("pear_version = 1\n[server]\n{}\n[site.a]\nsource = \"a.wasm\"\n", server));
    return result.settings->server.https;
  };
  using Addresses = std::vector<ListenAddress>;

  EXPECT_EQ(https(""), (Addresses{{"127.0.0.1", 3'443}}));
  EXPECT_EQ(https("listen = \"[::1]:8000\""), (Addresses{{"::1", 8'443}}));
  EXPECT_EQ(https("listen = \"127.0.0.1:0\""), (Addresses{{"127.0.0.1", 0}}));
  EXPECT_EQ(https("listen = \"127.0.0.1:65535\""), Addresses{});
  EXPECT_EQ(https("https = \"off\""), Addresses{});
  EXPECT_EQ(https("https = \"0.0.0.0:443\""), (Addresses{{"0.0.0.0", 443}}));
  EXPECT_EQ(https("preset = \"prod\""), Addresses{});
}

TEST(Load, ReadsCertificatesFromTheFoldersBesideTheFile) {
  const LoadResult result = load_pear(R"(pear_version = 1
[server]
https = ["0.0.0.0:443", "[::]:443"]
preset = "prod"
tls.version_min = "1.3"
http2 = { streams_max = 7, connection_window = "128KiB" }
http3.enabled = false
[[server.certificate]]
chain = "tls/a.pem"
key = "/keys/a.key"
[[server.certificate]]
chain = "b.pem"
key = "b.key"
ocsp = "b.ocsp"
[site.a]
source = "a.wasm"
https = { redirect = true, hsts = "24h" }
)");

  ASSERT_TRUE(result.settings) << lines(result.problems);
  const ServerSettings& server = result.settings->server;
  EXPECT_EQ(server.https.size(), 2U);
  EXPECT_EQ(server.certificates,
            (std::vector<CertificateSettings>{{"/tmp/tls/a.pem", "/keys/a.key", ""},
                                              {"/tmp/b.pem", "/tmp/b.key", "/tmp/b.ocsp"}}));
  EXPECT_EQ(server.tls.version_min, TlsVersion::Tls13);
  EXPECT_EQ(server.http2.streams_max, 7U);
  EXPECT_FALSE(server.http3.enabled);
  EXPECT_TRUE(only_site(result).https.redirect);
  EXPECT_EQ(only_site(result).https.hsts, std::chrono::hours(24));
}

TEST(Load, ListsAllProblemsAtOnceInTheOrderOfTheFile) {
  const LoadResult result = load_pear(R"(pear_version = 1
[server]
lissten = "127.0.0.1:3000"
[site.shop]
memory = "1MiB"
balance = "least-conected"
[site.shop.limits]
memory = "100KiB"
cpu = 1000
)");

  EXPECT_FALSE(result.settings);
  EXPECT_EQ(
      lines(result.problems),
      "/tmp/pear.toml:3:1: server.lissten: is not a known key; did you mean server.listen?\n"
      "/tmp/pear.toml:4:7: site.shop.source: is missing: name the component, such as source = "
      "\"app.wasm\"\n"
      "/tmp/pear.toml:5:1: site.shop.memory: is not a known key; did you mean "
      "site.shop.limits.memory?\n"
      "/tmp/pear.toml:6:11: site.shop.balance: \"least-conected\" is not one of its values "
      "(allowed: \"least-connected\", \"round-robin\", \"weighted\" or \"sticky\"); did you "
      "mean \"least-connected\"?\n"
      "/tmp/pear.toml:8:10: site.shop.limits.memory: \"100KiB\" is not a multiple of 64KiB "
      "(allowed: 64KiB to 64GiB, a multiple of 64KiB)\n"
      "/tmp/pear.toml:9:7: site.shop.limits.cpu: 1000 has no unit: write a time in quotes, "
      "such as \"5s\" (allowed: 1ms to 10m)\n");
}

TEST(Load, AcceptsBothEndsOfARange) {
  for (const char* value : {"\"64KiB\"", "\"64GiB\""}) {
    const LoadResult result = load_pear(fmt::format("{}limits.memory = {}\n", kSmall, value));
    EXPECT_TRUE(result.settings) << lines(result.problems);
  }
}

TEST(Load, WantsTheVersionAndReadsOnlyTheFirst) {
  EXPECT_NE(lines(load_pear("[site.a]\nsource = \"x\"\n").problems).find("write pear_version = 1"),
            std::string::npos);
  EXPECT_EQ(lines(load_pear("pear_version = 2\nnew_thing = 1\n").problems),
            "/tmp/pear.toml:1:16: pear_version: is 2; this version of Pear reads version 1 only\n");
  EXPECT_FALSE(load_pear("pear_version = \"1\"\n[site.a]\nsource = \"x\"\n").settings);
}

TEST(Load, WantsASite) {
  EXPECT_NE(lines(load_pear("pear_version = 1\n").problems).find("there is no site"),
            std::string::npos);
  EXPECT_NE(
      lines(load_pear("pear_version = 1\n[site]\nsource = \"x\"\n").problems).find("[site.NAME]"),
      std::string::npos);
}

TEST(Load, LetsTwoSitesShareAHostOnDifferentPaths) {
  const LoadResult result = load_pear(R"(pear_version = 1
[site.a]
hosts = ["x.test"]
source = "a.wasm"
[site.b]
hosts = ["x.test"]
source = "b.wasm"
route = [{ path = "/api/..." }]
)");

  EXPECT_TRUE(result.settings) << lines(result.problems);
}

TEST(Load, StopsAfterAHundredProblems) {
  std::string text(kSmall);
  for (int i = 0; i < 5'000; ++i) text += fmt::format("wrong_{} = 1\n", i);

  const LoadResult result = load_pear(text);

  EXPECT_EQ(result.problems.size(), kProblemsMax + 1);
  EXPECT_TRUE(result.problems.back().what.starts_with("has more problems"));
}

TEST(Load, GrantsTheFoldersOfTheProjectOnlyUnderDevAndOnlyWithoutOthers) {
  const auto files = [](std::string_view more, std::optional<Preset> preset) {
    const LoadResult result = load_pear(fmt::format("{}{}", kSmall, more), {.preset = preset});
    return only_site(result).permissions.files;
  };

  EXPECT_EQ(files("", std::nullopt), (std::vector<FileGrant>{{"/tmp", "/", false}}));
  EXPECT_TRUE(files("", Preset::Prod).empty());
  EXPECT_TRUE(files("", Preset::Default).empty());
  EXPECT_TRUE(files("permissions.files = []\n", std::nullopt).empty());
  EXPECT_TRUE(files("permissions.allow_filesystem = false\n", std::nullopt).empty());
  EXPECT_EQ(files("permissions.allow_filesystem = true\n", Preset::Prod).size(), 1U);
}

TEST(Load, ServesABareComponentOnEveryHostWithTheDefaultPreset) {
  const LoadResult result = load("/tmp/My App_1.wasm", {});

  const SiteSettings& site = only_site(result);
  EXPECT_EQ(site.name, "my-app_1");
  EXPECT_EQ(site.source, "/tmp/My App_1.wasm");
  EXPECT_TRUE(site.hosts.empty());
  EXPECT_EQ(site.routes, std::vector<RouteSettings>{RouteSettings{}});
  EXPECT_EQ(site.limits.memory, 128_MiB);
  EXPECT_TRUE(site.permissions.files.empty());
  EXPECT_TRUE(result.settings->file.empty());
}

TEST(Load, PrefersPearTomlInAFolderAndSaysWhenThereIsNothing) {
  const base::TemporaryFolder folder;
  EXPECT_NE(lines(load(folder.path(), {}).problems).find("`pear new`"), std::string::npos);

  folder.write("spin.toml", "spin_manifest_version = 2\n");
  EXPECT_NE(lines(load(folder.path(), {}).problems).find("spin.toml"), std::string::npos);

  folder.write("pear.toml", kSmall);
  EXPECT_EQ(only_site(load(folder.path(), {})).source, folder.path() / "shop.wasm");
}

TEST(Load, RefusesWhatIsNotASmallReadableTextFile) {
  const base::TemporaryFolder folder;
  const auto problem = [](const std::filesystem::path& path) {
    const LoadResult result = load(path, {});
    EXPECT_FALSE(result.settings);
    return lines(result.problems);
  };
  const auto pipe = folder.path() / "pipe.toml";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::filesystem::create_directory(folder.path() / "folder.toml");
  const std::string comment = "#" + std::string(kFileBytesMax - 2 - kSmall.size(), 'x') + "\n";
  const auto largest = folder.write("largest.toml", std::string(kSmall) + comment);
  const auto too_large = folder.write("large.toml", std::string(kSmall) + comment + "#");
  const auto binary = folder.write("binary.toml", std::string_view("pear_version = 1 # \xFF\n"));
  const auto nul = folder.write("nul.toml", std::string_view("a = \"\0\"", 7));

  EXPECT_NE(problem(pipe).find("is not a regular file"), std::string::npos);
  EXPECT_NE(problem(folder.path() / "folder.toml").find("has no pear.toml"), std::string::npos);
  EXPECT_NE(problem(folder.path() / "none.toml").find("No such file"), std::string::npos);
  EXPECT_FALSE(problem(binary).empty());
  EXPECT_FALSE(problem(nul).empty());
  EXPECT_NE(problem(too_large).find("is larger than"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(largest), kFileBytesMax);
  EXPECT_TRUE(load(largest, {}).settings);
}

TEST(Load, FindsTheMissingSourcesApart) {
  const base::TemporaryFolder folder;
  const auto file = folder.write("pear.toml", kSmall);
  const LoadResult result = load(file, {});
  ASSERT_TRUE(result.settings);

  const auto missing = problems_in_sources(*result.settings, result.origins);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].at, (Position{3, 10}));
  EXPECT_EQ(missing[0].key, "site.shop.source");

  folder.write("shop.wasm", "x");
  EXPECT_TRUE(problems_in_sources(*result.settings, result.origins).empty());
}

}  // namespace
}  // namespace pear::config
