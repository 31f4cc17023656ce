// What one wrong line is told.
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load_fixture.h"

namespace pear::config {
namespace {

struct BadLine {
  std::string_view in_server;
  std::string_view in_site;
  std::string_view message;
};

class Refused : public testing::TestWithParam<BadLine> {};

TEST_P(Refused, SaysWhatIsWrong) {
  const LoadResult result =
      load_pear(fmt::format("pear_version = 1\n[server]\n{}\n[site.a]\nsource = \"a.wasm\"\n{}\n",
                            GetParam().in_server, GetParam().in_site));

  EXPECT_FALSE(result.settings);
  ASSERT_FALSE(result.problems.empty());
  EXPECT_NE(lines(result.problems).find(GetParam().message), std::string::npos)
      << lines(result.problems);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, Refused,
    testing::Values(
        BadLine{"listen = []", "", "names no address"},
        BadLine{"listen = [\"1.2.3.4:5\", \"1.2.3.4:5\"]", "", "server.listen[1]: \"1.2.3.4:5\""},
        BadLine{"listen = 3000", "",
                "server.listen: 3000 is not an address (allowed: \"IPv4:PORT\" or "
                "\"[IPv6]:PORT\"); did you mean 127.0.0.1:3000?"},
        BadLine{"listen = [65536]", "", "server.listen[0]: 65536 is not an address (allowed: "},
        BadLine{"listen = true", "", "must be a list, not true or false"},
        BadLine{"listen = \"127.0.0.1:3001\"", "", "is taken by server.listen"},
        BadLine{"admin = \"of\"", "", "is not an address"},
        BadLine{"acme = true", "", "is not available in this version of Pear"},
        BadLine{"http3 = true", "", "is a section, not true or false: write [server.http3]"},
        BadLine{"quic.retry = \"x\"", "", "server.quic: is not available"},
        BadLine{"https = \"here\"", "", "server.https[0]: \"here\" is not an address"},
        BadLine{"https = \"127.0.0.1:3000\"", "", "is in server.listen too"},
        BadLine{"preset = \"prod\"\nhttps = \"0.0.0.0:443\"", "",
                "server.https: needs a certificate"},
        BadLine{"certificate = [{ chain = \"a.pem\" }]", "", "server.certificate[0]: needs a key"},
        BadLine{"certificate = [{ chain = 1, key = \"k\" }]", "",
                "chain must be the path of a file"},
        BadLine{"certificate = [{ chain = \"a\", key = \"k\", pass = \"\" }]", "",
                "server.certificate[0].pass: is not a known key"},
        BadLine{"tls.version_min = \"1.1\"", "", "(allowed: \"1.2\" or \"1.3\")"},
        BadLine{"http2.streams_max = 0", "", "0 is not allowed"},
        BadLine{"", "https.client_certificates = \"require\"",
                "https.client_authorities: is missing"},
        BadLine{"https = \"off\"", "https.redirect = true", "needs server.https"},
        BadLine{"cores = 0", "", "0 is not allowed (allowed: 1 to 1,024, or \"auto\")"},
        BadLine{"cores = 1025", "", "1025 is not allowed"},
        BadLine{"cores = -1", "", "-1 is not allowed"},
        BadLine{"cores = 2.5", "", "must be a number, not a fraction"},
        BadLine{"http = 5", "", "is a section, not a number: write [server.http]"},
        BadLine{"http.header_max = \"4KiB\"", "", "is more than server.http.header_max (4KiB)"},
        BadLine{"drain = 1979-05-27", "", "not a date or time"},
        BadLine{"log.access = \"yes\"", "", "must be true or false, not a text"},
        BadLine{"keeper.restart_delay = \"2s..1s\"", "", "the smaller first"},
        BadLine{"", "hosts = [\"http://a\"]", "site.a.hosts[0]: \"http://a\" is not a host name"},
        BadLine{"", "hosts = [\"a:80\"]", "is not a host name"},
        BadLine{"", "hosts = [\"*\"]", "is not a host name"},
        BadLine{"", "hosts = [\"a.*.b\"]", "is not a host name"},
        BadLine{"", "hosts = [\"a\", \"A\"]", "is named twice"},
        BadLine{"", "hosts = [1]", "must be a text, not a number"},
        BadLine{"", "cages = \"per-cor\"", "\"per-cor\" is not allowed"},
        BadLine{"", "weights = [1, 2, 3]", "needs balance = \"weighted\""},
        BadLine{"", "balance = \"weighted\"\nweights = [1]", "has 1 weights for 3 cages"},
        BadLine{"", "balance = \"weighted\"\nweights = [1, 2.5, 0]", "[1]: must be a number"},
        BadLine{"", "balance = \"weighted\"\ncages = \"per-core\"", "needs a number of cages"},
        BadLine{"", "route = []", "names no route"},
        BadLine{"", "route = [{ path = \"a\" }]", "does not start with '/'"},
        BadLine{"", "route = [{ pth = \"/a\" }]",
                "route[0].pth: is not a known key; did you mean path?"},
        BadLine{"", "route = [{ path = \"/:a\" }, { path = \"/:b\" }]", "as an earlier route"},
        BadLine{"", "route = [{ path = \"/a\" }, { path = \"/%61\" }]", "as an earlier route"},
        BadLine{"", "route = [\"/%zz\"]", "a '%' without two hex digits"},
        BadLine{"", "route = [\"/a%\"]", "a '%' without two hex digits"},
        BadLine{"", "route = [\"/%00\"]", "%00, which no path may have"},
        BadLine{"", "route = [\"/%2e%2e/a\"]", "stands for dots"},
        BadLine{"", "route = [\"/a/%2e..\"]", "stands for dots"},
        BadLine{"", "limits = \"none\"", "is a section, not a text: write [site.a.limits]"},
        BadLine{"", "limits.memory = \"65GiB\"", "\"65GiB\" is not allowed"},
        BadLine{"", "limits.memory = \"0B\"", "\"0B\" is not allowed"},
        BadLine{"", "limits.memory = \"64MB\"", "one of B, KiB, MiB, GiB or TiB"},
        BadLine{"", "limits.network = 1", "is not available"},
        BadLine{"", "permissions.allowed_outbound_hosts = []", "is not available"},
        BadLine{"", "permissions.files = [\"static\"]", "must be a table, not a text"},
        BadLine{"", "permissions.files = [{ source = \"/\" }]", "needs a destination"},
        BadLine{"", "permissions.files = [{ source = \"/\", destination = \"/../x\" }]",
                "needs a destination"},
        BadLine{"", "permissions.files = [{ source = \"/dev/null\", destination = \"/x\" }]",
                "is not a folder"},
        BadLine{"", "permissions.files = [{ source = \"/nowhere\", destination = \"/x\" }]",
                "does not exist"},
        BadLine{"",
                "permissions = { allow_filesystem = false, files = [{ source = \"/\", destination "
                "= \"/\" }] }",
                "is false, but permissions.files names folders"},
        BadLine{"", "permissions.environment = { A = 1 }", "environment.A: must be a text"},
        BadLine{"", "permissions.environment = { \"A=B\" = \"1\" }", "is not a name of a variable"},
        BadLine{"", "heal.check = \"99ms\"",
                "\"99ms\" is not allowed (allowed: 100ms to 1h, or \"off\")"},
        BadLine{"", "heal.path = \"health\"", "is not allowed"},
        BadLine{"", "run.isolation = \"cages\"", "did you mean \"cage\"?"},
        BadLine{"", "build = { command = \"make\", workdir = \"/nowhere\" }", "is not a folder"},
        BadLine{"", "source2 = \"x\"", "did you mean site.a.source?"},
        BadLine{"", "\"a\\u0007b\" = 1", "site.a.a\\x07b: is not a known key"},
        BadLine{"", "[state]", "state: is not available in this version of Pear"},
        BadLine{"", "[sites.b]", "did you mean site?"},
        BadLine{"", "[site.\"A b\"]\nsource = \"x\"", "is not a name for a site"},
        BadLine{"", "[site.b]\nsource = \"b.wasm\"",
                "claims \"/...\" on every host, which site.a already has (/tmp/pear.toml:4)"}));

}  // namespace
}  // namespace pear::config
