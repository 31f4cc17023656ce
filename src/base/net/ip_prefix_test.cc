#include "base/net/ip_prefix.h"

#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>

namespace pear::net {
namespace {

std::string again(std::string_view text) {
  const auto prefix = IpPrefix::parse(text);
  return prefix ? prefix->text() : "no prefix";
}
bool holds(std::string_view prefix, std::string_view address) {
  return IpPrefix::parse(prefix)->contains(*IpAddress::parse(address));
}

TEST(IpPrefix, IsReadAndWrittenInOneForm) {
  EXPECT_EQ(again("10.0.0.0/8"), "10.0.0.0/8");
  EXPECT_EQ(again("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(again("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(again("192.0.2.1/32"), "192.0.2.1");
  EXPECT_EQ(again("2001:DB8::/32"), "2001:db8::/32");
  EXPECT_EQ(again("::/0"), "::/0");
  EXPECT_EQ(again("::1/128"), "::1");
}

TEST(IpPrefix, TakesNothingElse) {
  for (const auto* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8",
        "10.1.0.0/8", "::/129", "2001:db8::1/32", "unix", "10.0.0.0/4294967304", "10.0.0.0 /8"}) {
    EXPECT_EQ(again(text), "no prefix") << text;
  }
}

TEST(IpPrefix, HoldsWhatBeginsLikeIt) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("::/0", "::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
}

TEST(IpPrefixSet, AgreesWithLookingAtEachPrefix) {
  std::mt19937 random(7);
  std::vector<IpPrefix> prefixes;
  const auto any_address = [&] {
    // Few bits vary, so that prefixes meet.
    return IpAddress::ipv4({10, static_cast<std::uint8_t>(random() % 4),
                            static_cast<std::uint8_t>(random() % 4 * 64),
                            static_cast<std::uint8_t>(random())});
  };
  for (int round = 0; round < 200; ++round) {
    prefixes.clear();
    for (auto i = random() % 12; i > 0; --i) {
      prefixes.emplace_back(any_address(), static_cast<unsigned>(96 + 14 + random() % 19));
    }
    const IpPrefixSet set(prefixes);
    EXPECT_EQ(set.empty(), prefixes.empty());
    for (int i = 0; i < 100; ++i) {
      const IpAddress address = any_address();
      const bool any = std::ranges::any_of(
          prefixes, [&](const IpPrefix& prefix) { return prefix.contains(address); });
      EXPECT_EQ(set.contains(address), any) << address.text().view();
    }
  }
}

TEST(IpPrefixSet, HoldsTheFirstAndTheLastOfEachPrefix) {
  const IpPrefixSet set(std::array{*IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("::1")});

  EXPECT_TRUE(set.contains(*IpAddress::parse("10.0.0.0")));
  EXPECT_TRUE(set.contains(*IpAddress::parse("10.255.255.255")));
  EXPECT_FALSE(set.contains(*IpAddress::parse("9.255.255.255")));
  EXPECT_FALSE(set.contains(*IpAddress::parse("11.0.0.0")));
  EXPECT_TRUE(set.contains(*IpAddress::parse("::1")));
  EXPECT_FALSE(set.contains(*IpAddress::parse("::2")));
  EXPECT_FALSE(IpPrefixSet().contains(*IpAddress::parse("::1")));
}

}  // namespace
}  // namespace pear::net
