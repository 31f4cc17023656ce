#include "cli/addresses.h"

#include <gtest/gtest.h>

namespace pear::cli {
namespace {

using Addresses = std::vector<config::ListenAddress>;

TEST(Addresses, OfTheKeeperAreDividedByTheirOrder) {
  config::ServerSettings settings;
  settings.listen = {{"127.0.0.1", 0}, {"127.0.0.1", 80}};
  settings.https = {{"127.0.0.1", 0}};
  const auto divided =
      divide_addresses({{"127.0.0.1", 40'000}, {"127.0.0.1", 80}, {"127.0.0.1", 40'001}}, settings);

  EXPECT_EQ(divided.listen, (Addresses{{"127.0.0.1", 40'000}, {"127.0.0.1", 80}}));
  EXPECT_EQ(divided.https, (Addresses{{"127.0.0.1", 40'001}}));
  EXPECT_EQ(divided.order, (std::vector<std::size_t>{0, 1, 2}));
}

TEST(Addresses, OfHttpsAreOpenedByUdpTooUnlessHttp3IsOff) {
  config::ServerSettings settings;
  settings.listen = {{"127.0.0.1", 80}};
  settings.https = {{"127.0.0.1", 443}};

  const auto with = addresses_to_open(settings);
  settings.http3.enabled = false;
  const auto without = addresses_to_open(settings);

  EXPECT_EQ(with.listen, settings.listen);
  EXPECT_EQ(with.https, settings.https);
  EXPECT_TRUE(with.http3);
  EXPECT_EQ(without.https, settings.https);
  EXPECT_FALSE(without.http3);
}

TEST(Addresses, OfSystemdAreDividedByTheirPorts) {
  config::ServerSettings settings;
  settings.listen = {{"0.0.0.0", 80}};
  settings.https = {{"0.0.0.0", 443}};

  const auto divided = divide_addresses({{"::", 443}, {"10.0.0.1", 8'080}, {"::", 80}}, settings);

  EXPECT_EQ(divided.listen, (Addresses{{"10.0.0.1", 8'080}, {"::", 80}}));
  EXPECT_EQ(divided.https, (Addresses{{"::", 443}}));
  EXPECT_EQ(divided.order, (std::vector<std::size_t>{1, 2, 0}));
}

TEST(Addresses, AreAllPlainWithoutHttps) {
  config::ServerSettings settings;
  const auto divided = divide_addresses({{"::", 443}, {"::", 80}}, settings);
  EXPECT_EQ(divided.listen.size(), 2U);
  EXPECT_TRUE(divided.https.empty());
}

}  // namespace
}  // namespace pear::cli
