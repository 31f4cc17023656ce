#include "cli/banner.h"

#include <gtest/gtest.h>

#include "cli/captured_terminal.h"

namespace pear::cli {
namespace {

config::Settings one_site() {
  config::Settings settings;
  settings.sites.push_back({});
  settings.sites[0].name = "shop";
  return settings;
}

TEST(Banner, SaysWhereAndWhatToTryNext) {
  const CapturedTerminal captured;

  EXPECT_EQ(banner_text(one_site(), {}, {}, captured.terminal),
            "\n  pear serves\n"
            "    shop  every host, 3 cages\n"
            "\n"
            "  ➜ http://127.0.0.1:3000/\n"
            "\n  Try next\n"
            "    curl -i http://127.0.0.1:3000/\n"
            "    pear status\n"
            "    pear bench http://127.0.0.1:3000/\n"
            "  Ctrl-C ends it\n\n");
}

TEST(Banner, SaysWhatIsSpokenByTls) {
  const CapturedTerminal captured;
  config::Settings settings = one_site();
  settings.server.https = {{.host = "127.0.0.1", .port = 8443}, {.host = "0.0.0.0", .port = 443}};
  const auto text = [&](const HttpsServed& https) {
    return banner_text(settings, https, {}, captured.terminal);
  };
  const HttpsServed with_udp{.by_udp = {settings.server.https[0]}};

  EXPECT_TRUE(text(with_udp).contains(
      "  ➜ https://localhost:8443/  (HTTP/1.1, HTTP/2, HTTP/3)\n"
      "  ➜ https://localhost:443/  (HTTP/1.1, HTTP/2)  and every other address of this machine\n"))
      << text(with_udp);
  EXPECT_FALSE(text(with_udp).contains("pear trust"));
  EXPECT_TRUE(text({.is_local = true}).contains("pear trust"));

  settings.server.http2.enabled = false;
  EXPECT_TRUE(text(with_udp).contains("  ➜ https://localhost:8443/  (HTTP/1.1, HTTP/3)\n"));
  EXPECT_TRUE(text({.can_serve = false})
                  .contains("https://localhost:8443/  (refused until its files are right)\n"));
}

TEST(Banner, AsksASiteWithNamesByName) {
  const CapturedTerminal captured;
  config::Settings settings = one_site();
  settings.sites[0].hosts = {"*.example.com"};
  settings.sites[0].routes = {{.path = "/:any"}, {.path = "/shop/..."}};

  EXPECT_NE(banner_text(settings, {}, {}, captured.terminal)
                .find("curl -i -H 'host: www.example.com' http://127.0.0.1:3000/shop/\n"),
            std::string::npos);
}

TEST(Banner, NamesTheAdminListenerWhereItIsNotTheUsualOne) {
  const CapturedTerminal captured;
  config::Settings settings = one_site();
  settings.server.admin = config::ListenAddress{.host = "127.0.0.1", .port = 4000};

  EXPECT_NE(
      banner_text(settings, {}, {}, captured.terminal).find("pear status --admin 127.0.0.1:4000\n"),
      std::string::npos);

  settings.server.admin.reset();
  EXPECT_EQ(banner_text(settings, {}, {}, captured.terminal).find("pear status"),
            std::string::npos);
}

TEST(Banner, SaysWhichSitesAreNotServedAndTriesOneThatIs) {
  const CapturedTerminal captured;
  config::Settings settings = one_site();
  settings.sites.push_back({});
  settings.sites[1].name = "blog";
  settings.sites[1].hosts = {"blog.test"};
  const NotServed not_served =
      parse_not_served("shop\trefused: bad.wasm: is no component\x1b[2J\nno tab\nx\ty");

  const std::string text = banner_text(settings, {}, not_served, captured.terminal);

  EXPECT_TRUE(text.contains("    shop  not served: refused: bad.wasm: is no component")) << text;
  EXPECT_FALSE(text.contains("\x1b")) << text;
  EXPECT_TRUE(text.contains("    blog  blog.test, 3 cages\n")) << text;
  EXPECT_TRUE(text.contains("curl -i -H 'host: blog.test'")) << text;
}

TEST(Banner, ReadsNothingOutOfWhatIsNoList) {
  for (const char* text : {"", "\n", "\n\n", "no tab", "no tab\n"}) {
    EXPECT_TRUE(parse_not_served(text).empty()) << text;
  }
}

TEST(UrlText, IsOneThatCanBeOpenedHere) {
  EXPECT_EQ(url_of({.host = "0.0.0.0", .port = 80}), "http://127.0.0.1:80/");
  EXPECT_EQ(url_of({.host = "::", .port = 80}), "http://[::1]:80/");
  EXPECT_EQ(url_of({.host = "10.0.0.7", .port = 8080}), "http://10.0.0.7:8080/");
}

}  // namespace
}  // namespace pear::cli
