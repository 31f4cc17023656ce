#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "config/load.h"
#include "config/toml_text.h"

namespace pear::config {
namespace {

constexpr std::string_view kHead = R"(spin_manifest_version = 2
[application]
name = "hello"
[[trigger.http]]
route = "/hello/..."
component = "hello"
[component.hello]
source = "hello.wasm"
)";

LoadResult load_spin(std::string_view text, const Overrides& overrides = {}) {
  return load_text({.file = "/tmp/spin.toml", .text = std::string(text)}, overrides);
}

std::string lines(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += to_text(problem) + "\n";
  return out;
}

TEST(SpinToml, BecomesOneSiteForEachPublicComponent) {
  const base::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "assets");
  const auto file = folder.write("spin.toml", R"(spin_manifest_version = 2
[application]
name = "shop"
version = "1.0.0"
authors = ["A"]
[[trigger.http]]
route = "/api/:id"
component = "api"
[[trigger.http]]
route = "/api2/..."
component = "api"
executor = { type = "http" }
[[trigger.http]]
route = { private = true }
component = "inner"
[[trigger.http]]
route = "/..."
component = "front-end"
[component.inner]
source = "inner.wasm"
[component.api]
source = "target/api.wasm"
environment = { MODE = "test" }
allowed_outbound_hosts = ["https://example.com"]
[component.api.build]
command = ["npm install", "npm run build"]
workdir = "assets"
watch = ["src/**/*.rs"]
[component.front-end]
source = "front.wasm"
allowed_outbound_hosts = []
files = [{ source = "assets", destination = "/" }]
)");

  const LoadResult result = load(file, {});

  ASSERT_TRUE(result.settings) << lines(result.problems);
  ASSERT_EQ(result.settings->sites.size(), 2U);
  const SiteSettings& api = result.settings->sites[0];
  EXPECT_EQ(api.name, "api");
  EXPECT_EQ(api.source, folder.path() / "target/api.wasm");
  EXPECT_EQ(api.routes, (std::vector<RouteSettings>{{"/api/:id"}, {"/api2/..."}}));
  EXPECT_EQ(api.run.isolation, Isolation::Request);
  EXPECT_EQ(api.permissions.environment.at(0).second, "test");
  EXPECT_EQ(api.build.command, "npm install && npm run build");
  EXPECT_EQ(api.build.workdir, folder.path() / "assets");
  const SiteSettings& front = result.settings->sites[1];
  EXPECT_EQ(front.name, "front-end");
  EXPECT_EQ(front.permissions.files,
            (std::vector<FileGrant>{{folder.path() / "assets", "/", false}}));
  const std::string warnings = lines(result.warnings);
  EXPECT_NE(warnings.find("outgoing requests are denied"), std::string::npos);
  EXPECT_NE(warnings.find("component.inner: has no trigger"), std::string::npos);
  EXPECT_EQ(result.warnings.size(), 2U);
}

TEST(SpinToml, IsKnownByItsVersionUnderAnyName) {
  const LoadResult result =
      load_text({.file = "/tmp/app.toml", .text = std::string(kHead)}, {.preset = Preset::Prod});

  ASSERT_TRUE(result.settings) << lines(result.problems);
  EXPECT_EQ(result.settings->sites[0].limits.memory, 64_MiB);
}

struct BadManifest {
  std::string_view more;  // After kHead.
  std::string_view message;
};

class RefusedManifest : public testing::TestWithParam<BadManifest> {};

TEST_P(RefusedManifest, SaysWhatIsWrong) {
  const LoadResult result = load_spin(fmt::format("{}{}", kHead, GetParam().more));

  EXPECT_FALSE(result.settings);
  EXPECT_NE(lines(result.problems).find(GetParam().message), std::string::npos)
      << lines(result.problems);
}

INSTANTIATE_TEST_SUITE_P(
    Manifests, RefusedManifest,
    testing::Values(
        BadManifest{"files = [\"static/*\"]", "a pattern of files is not available"},
        BadManifest{"key_value_stores = [\"default\"]",
                    "component.hello.key_value_stores: is not available"},
        BadManifest{"[variables]\nx = { default = \"1\" }", "is not available"},
        BadManifest{"[[trigger.redis]]\nchannel = \"x\"",
                    "a trigger other than http is not available"},
        BadManifest{"[[trigger.http]]\nroute = \"/x\"\ncomponent = \"none\"",
                    "there is no [component.none]"},
        BadManifest{"[[trigger.http]]\nroute = \"x\"\ncomponent = \"hello\"",
                    "does not start with '/'"},
        BadManifest{"[[trigger.http]]\nroute = 5\ncomponent = \"hello\"",
                    "must be a path in quotes"},
        BadManifest{"[[trigger.http]]\ncomponent = \"hello\"", "trigger.http.route: is missing"},
        BadManifest{"[[trigger.http]]\nroute = \"/w\"\ncomponent = \"hello\"\nexecutor = { type = "
                    "\"wagi\" }",
                    "an executor other than"},
        BadManifest{"[component.other]\nsource = { url = \"https://x\", digest = \"y\" }\n"
                    "[[trigger.http]]\nroute = \"/o\"\ncomponent = \"other\"",
                    "a source that is downloaded is not available"},
        BadManifest{"[component.other]\nsource = \"x\"\n"
                    "[[trigger.http]]\nroute = \"/hello/...\"\ncomponent = \"other\"",
                    "which site.hello already has"}));

TEST(SpinToml, WantsVersionTwo) {
  EXPECT_NE(lines(load_spin("spin_version = \"1\"\n").problems).find("must be 2"),
            std::string::npos);
  EXPECT_NE(lines(load_spin("spin_manifest_version = 1\n").problems).find("must be 2"),
            std::string::npos);
}

TEST(SpinToml, WarnsOfWhatItDoesNotKnow) {
  const LoadResult result = load_spin(fmt::format("{}shiny = true\n", kHead));

  EXPECT_TRUE(result.settings) << lines(result.problems);
  EXPECT_EQ(lines(result.warnings),
            "/tmp/spin.toml:9:1: component.hello.shiny: is not known and was ignored\n");
}

TEST(TomlText, SaysWhereTheSyntaxIsWrong) {
  const auto parsed = parse_toml("a = 1\nb = = 2\n");

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().at.line, 2U);
  EXPECT_FALSE(parsed.error().what.empty());
}

TEST(TomlText, ReportsAHeaderThatStartsWithNoKey) {
  for (const char* text :
       {"[!]", "[[[a]]]", "[.a]", "[", "[[", "[a", "[a.", "[=]", "a.!=1", "={"}) {
    EXPECT_FALSE(parse_toml(text)) << text;
  }
}

TEST(TomlText, TakesAnyLetterInTextsAndNoneOutside) {
  const auto parsed =
      parse_toml("\xEF\xBB\xBF# \xC3\xA4\na = \"\"\"\\\n  \xC3\xA4\"\"\"  # \xD0\x9F\n");

  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(*parsed->front().value.get<std::string>(), "\xC3\xA4");
  for (const char* text :
       {"\xC3\xA4 = 1", "a\xC3\xA4 = 1", "a = \xC3\xA4", "a = 1 \xC3\xA4", "[\xC3\xA4]"}) {
    EXPECT_FALSE(parse_toml(text)) << text;
  }
}

// Tables are taken apart recursively: without a bound such a text ends the process.
TEST(TomlText, RefusesDeepNesting) {
  std::string dotted = "a";
  for (int i = 0; i < 32; ++i) dotted += ".a";

  EXPECT_TRUE(parse_toml(dotted + " = 1\n"));
  EXPECT_FALSE(parse_toml(dotted + ".a = 1\n"));
  EXPECT_FALSE(parse_toml("[" + dotted + ".a]\n"));
  EXPECT_TRUE(parse_toml("a = " + std::string(10, '[') + std::string(10, ']') + "\n"));
  EXPECT_FALSE(parse_toml("a = " + std::string(100'000, '[') + std::string(100'000, ']') + "\n"));
  std::string tables = "a = ";
  for (int i = 0; i < 10'000; ++i) tables += "{ a = ";
  EXPECT_FALSE(parse_toml(tables));
}

TEST(TomlText, CountsNoDotsInTextsAndComments) {
  const std::string dots(100, '.');

  for (const std::string& text :
       {"a = \"" + dots + "\"\n", "a = '" + dots + "'\n", "# " + dots + "\n",
        "a = \"\\\"" + dots + "\"\n", "a = '\\' # " + dots + "\n",
        "a = \"\"\"\n\"\"" + dots + "\"\"\"\"\"\n", "a = '''''" + dots + "'''\n",
        "a = \"\" # " + dots}) {
    EXPECT_TRUE(parse_toml(text)) << text
                                  << (parse_toml(text) ? "" : parse_toml(text).error().what);
  }
  EXPECT_FALSE(parse_toml("a = \"\"\nb." + dots + " = 1\n"));
}

TEST(TomlText, KeepsTheOrderOfTheText) {
  const auto parsed = parse_toml("b = 1\na = 2\n[c]\n");

  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 3U);
  EXPECT_EQ((*parsed)[0].key, "b");
  EXPECT_EQ((*parsed)[0].at, (Position{1, 1}));
  EXPECT_EQ((*parsed)[0].value.at, (Position{1, 5}));
  EXPECT_EQ((*parsed)[1].key, "a");
}

}  // namespace
}  // namespace pear::config
