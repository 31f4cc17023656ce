// The settings that say who may ask, and how often: proxies, rates, caps.
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/units.h"

namespace pear::config {
namespace {

// With lines of its own in [server] and in [site.a].
LoadResult load_with(std::string_view server, std::string_view site,
                     const Overrides& overrides = {}) {
  return load_text(
      {.file = "/tmp/pear.toml",
       .text = fmt::format("pear_version = 1\n[server]\n{}\n[site.a]\nsource = \"a.wasm\"\n{}\n",
                           server, site)},
      overrides);
}
std::string problems(const LoadResult& result) {
  std::string out;
  for (const Problem& problem : result.problems) out += to_text(problem) + "\n";
  return out;
}
std::string refusal(std::string_view server, std::string_view site = "") {
  const LoadResult result = load_with(server, site);
  EXPECT_FALSE(result.settings);
  return problems(result);
}

TEST(Rate, IsReadAndWrittenInOneForm) {
  EXPECT_EQ(parse_rate("100/s"), (Rate{100, milliseconds(1'000), 100}));
  EXPECT_EQ(parse_rate("60/m burst 5"), (Rate{60, milliseconds(60'000), 5}));
  EXPECT_EQ(parse_rate("1000000/h burst 1000000"),
            (Rate{1'000'000, milliseconds(3'600'000), 1'000'000}));
  EXPECT_EQ(parse_rate("off"), Rate{});
  for (const auto* text : {"off", "100/s", "100/s burst 200", "60/m burst 1", "1/h"}) {
    EXPECT_EQ(to_text(*parse_rate(text)), text);
  }
  EXPECT_EQ(to_text(*parse_rate("7/s burst 7")), "7/s");
}

TEST(Rate, TakesNothingElse) {
  for (const auto* text : {"", "100", "/s", "100/", "100/d", "0/s", "1000001/s", "100/s burst",
                           "100/s burst 0", "100/s burst 1000001", "100/s  burst 5", "-1/s",
                           "1.5/s", "100 /s", " burst 5", "5 burst 5/s", "100/s burst 5 "}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(Load, BelievesNobodyUnlessItIsSaid) {
  const LoadResult result = load_with("", "");

  ASSERT_TRUE(result.settings) << problems(result);
  EXPECT_TRUE(result.settings->server.proxy_protocol.empty());
  EXPECT_TRUE(result.settings->server.trusted_proxies.empty());
  EXPECT_FALSE(result.settings->sites[0].rate_limit.any());
  EXPECT_EQ(result.settings->server.http.connections_per_address_max, 1'000U);
}

TEST(Load, ReadsProxies) {
  const LoadResult result =
      load_with(R"(proxy_protocol = ["10.0.0.0/8", "::1"]
trusted_proxies = "192.0.2.0/24"
forwarded_field = "forwarded")",
                "", {.set = {"server.proxy_protocol=10.0.0.1,2001:db8::/32"}});

  ASSERT_TRUE(result.settings) << problems(result);
  const ServerSettings& server = result.settings->server;
  ASSERT_EQ(server.proxy_protocol.size(), 2U);
  EXPECT_EQ(server.proxy_protocol[1].text(), "2001:db8::/32");
  ASSERT_EQ(server.trusted_proxies.size(), 1U);
  EXPECT_EQ(server.trusted_proxies[0].text(), "192.0.2.0/24");
  EXPECT_EQ(server.forwarded_field, ForwardedField::Forwarded);
}

TEST(Load, RefusesProxiesThatAreNone) {
  const std::string form = "is no address and no prefix (allowed: \"10.0.0.0/8\"";
  EXPECT_NE(refusal("proxy_protocol = [\"unix\"]").find("proxy_protocol[0]: \"unix\" " + form),
            std::string::npos);
  EXPECT_NE(refusal("trusted_proxies = [\"10.1.0.0/8\"]").find(form), std::string::npos);
  EXPECT_NE(refusal("trusted_proxies = [\"::1\", \"::1/128\"]").find("is named twice"),
            std::string::npos);
  EXPECT_NE(refusal("trusted_proxies = 5").find("must be a list"), std::string::npos);
  EXPECT_NE(refusal("forwarded_field = \"forward\"").find("did you mean \"forwarded\"?"),
            std::string::npos);
}

TEST(Load, BoundsTheNumberOfProxies) {
  std::string list;
  for (int i = 0; i < 1'000; ++i) list += fmt::format("\"10.0.{}.{}\",", i / 250, i % 250);

  EXPECT_TRUE(load_with("trusted_proxies = [" + list + "]", "").settings);
  EXPECT_NE(refusal("trusted_proxies = [" + list + "\"::1\"]").find("at most 1000"),
            std::string::npos);
}

TEST(Load, ReadsRatesOfServerSiteAndRoute) {
  const LoadResult result = load_with(R"(rate_limit.connections_per_address = "20/s burst 50"
rate_limit.handshakes_per_address = "5/s"
rate_limit.ipv4_prefix = 16
http.connections_per_address_max = "none")",
                                      R"(limits.shed_after = "off"
route = ["/...", { path = "/login", rate_limit = { per_address = "5/m", total = "100/s" } }]
rate_limit = { per_prefix = "1000/s", total = "off" })",
                                      {.set = {"site.a.rate_limit.per_address=10/s burst 3"}});

  ASSERT_TRUE(result.settings) << problems(result);
  const ServerSettings& server = result.settings->server;
  EXPECT_EQ(server.rate_limit.connections_per_address, *parse_rate("20/s burst 50"));
  EXPECT_EQ(server.rate_limit.handshakes_per_address, *parse_rate("5/s"));
  EXPECT_EQ(server.rate_limit.ipv4_prefix, 16U);
  EXPECT_EQ(server.http.connections_per_address_max, 0U);
  const SiteSettings& site = result.settings->sites[0];
  EXPECT_EQ(site.rate_limit.per_address, *parse_rate("10/s burst 3"));
  EXPECT_EQ(site.rate_limit.per_prefix, *parse_rate("1000/s"));
  EXPECT_EQ(site.rate_limit.total, Rate{});
  EXPECT_FALSE(site.routes[0].rate_limit.any());
  EXPECT_EQ(site.routes[1].rate_limit.per_address, *parse_rate("5/m"));
  EXPECT_EQ(site.routes[1].rate_limit.total, *parse_rate("100/s"));
  EXPECT_EQ(site.limits.shed_after.count(), 0);

  const std::string effective = effective_toml(*result.settings, result.origins);
  const LoadResult again = load_text({.file = "/tmp/pear.toml", .text = effective}, {});
  ASSERT_TRUE(again.settings) << problems(again) << effective;
  EXPECT_EQ(again.settings->sites, result.settings->sites);
}

TEST(Load, ReadsWhatARouteSaysOtherwiseThanItsSite) {
  const LoadResult result = load_with("", R"(early_hints = ["</a.css>; rel=preload; as=style"]
https.early_data = false
route = ["/...", { path = "/news", early_data = true, early_hints = "</b.js>; rel=preload" },
         { path = "/plain", early_hints = [] }])");

  ASSERT_TRUE(result.settings) << problems(result);
  const SiteSettings& site = result.settings->sites[0];
  EXPECT_EQ(site.early_hints, std::vector<std::string>{"</a.css>; rel=preload; as=style"});
  EXPECT_EQ(site.routes[0].early_data, std::nullopt);
  EXPECT_EQ(site.routes[0].early_hints, std::nullopt);
  EXPECT_EQ(site.routes[1].early_data, true);
  EXPECT_EQ(site.routes[1].early_hints, std::vector<std::string>{"</b.js>; rel=preload"});
  EXPECT_EQ(site.routes[2].early_hints, std::vector<std::string>{});

  const std::string effective = effective_toml(*result.settings, result.origins);
  const LoadResult again = load_text({.file = "/tmp/pear.toml", .text = effective}, {});
  ASSERT_TRUE(again.settings) << problems(again) << effective;
  EXPECT_EQ(again.settings->sites, result.settings->sites);
}

TEST(Load, RefusesHintsThatAreNoLinks) {
  for (const std::string_view wrong :
       {"a.css", "<>", "</a", "</a.css> ", "</a>\\r\\nx: y", "</\\u00e9>"}) {
    EXPECT_NE(refusal("", fmt::format("early_hints = [\"{}\"]", wrong))
                  .find("early_hints[0]: is not the value of a Link field"),
              std::string::npos)
        << wrong;
  }
  const std::string longest = "</" + std::string(997, 'a') + ">";
  EXPECT_TRUE(load_with("", "early_hints = \"" + longest + "\"").settings);
  EXPECT_NE(refusal("", "early_hints = \"" + longest + "a\"").find("is not the value"),
            std::string::npos);
  EXPECT_NE(refusal("", "route = [{ path = \"/a\", early_hints = [1] }]")
                .find("route[0].early_hints[0]: is not the value"),
            std::string::npos);
  EXPECT_NE(refusal("", "route = [{ path = \"/a\", early_data = 1 }]")
                .find("route[0].early_data: must be true or false"),
            std::string::npos);
}

TEST(Load, RefusesRatesThatAreNone) {
  EXPECT_NE(refusal("", "rate_limit.per_address = \"100\"").find("\"100\" is not a rate"),
            std::string::npos);
  EXPECT_NE(refusal("", "rate_limit.per_address = 100").find("has no unit: write a rate"),
            std::string::npos);
  EXPECT_NE(refusal("", "rate_limit.per_addres = \"1/s\"").find("did you mean"), std::string::npos);
  EXPECT_NE(refusal("", "route = [{ path = \"/a\", rate_limit = \"1/s\" }]")
                .find("route[0].rate_limit: must be a table, not a text"),
            std::string::npos);
  EXPECT_NE(refusal("", "route = [{ path = \"/a\", rate_limit = { total = \"1/d\" } }]")
                .find("route[0].rate_limit.total: is not a rate"),
            std::string::npos);
  EXPECT_NE(refusal("", "route = [{ path = \"/a\", rate_limit = { totl = \"1/s\" } }]")
                .find("rate_limit.totl: is not a known key; did you mean total?"),
            std::string::npos);
}

// The last value that passes and the first that does not.
TEST(Load, BoundsCapsAndPrefixes) {
  for (const auto* line :
       {"rate_limit.ipv4_prefix = 8", "rate_limit.ipv4_prefix = 32", "rate_limit.ipv6_prefix = 16",
        "rate_limit.ipv6_prefix = 64", "rate_limit.entries = 1024", "rate_limit.entries = 16777216",
        "http.connections_per_address_max = 1", "http.connections_per_address_max = 1000000"}) {
    EXPECT_TRUE(load_with(line, "").settings) << line;
  }
  for (const auto* line :
       {"rate_limit.ipv4_prefix = 7", "rate_limit.ipv4_prefix = 33", "rate_limit.ipv6_prefix = 15",
        "rate_limit.ipv6_prefix = 65", "rate_limit.entries = 1023", "rate_limit.entries = 16777217",
        "http.connections_per_address_max = 0", "http.connections_per_address_max = 1000001"}) {
    EXPECT_NE(refusal(line).find("is not allowed"), std::string::npos) << line;
  }
  for (const auto* time : {"1ms", "10m"}) {
    EXPECT_TRUE(load_with("", fmt::format("limits.shed_after = \"{}\"", time)).settings) << time;
  }
  EXPECT_EQ(
      load_with("", "limits.shed_after = \"0ms\"").settings->sites[0].limits.shed_after.count(), 0);
  for (const auto* time : {"11m", "-1ms"}) {
    EXPECT_FALSE(load_with("", fmt::format("limits.shed_after = \"{}\"", time)).settings) << time;
  }
}

TEST(Limits, BringsPathsOfRoutesToTheFormThatRequestsHave) {
  const LoadResult result =
      load_with("", "route = [\"/%6Cogin\", \"/caf%c3%a9/...\", \"/a%2fb\", \"/:id/%2E.a\"]");
  ASSERT_NE(result.settings, nullptr);
  EXPECT_EQ(result.settings->sites[0].routes,
            (std::vector<RouteSettings>{{"/login"}, {"/caf%C3%A9/..."}, {"/a%2Fb"}, {"/:id/..a"}}));
}

}  // namespace
}  // namespace pear::config
