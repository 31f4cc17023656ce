#include "base/net/ip_address.h"

#include <gtest/gtest.h>

namespace pear::net {
namespace {

std::string again(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? std::string(address->text().view()) : "no address";
}

TEST(IpAddress, ReadsIpv4InDottedForm) {
  EXPECT_EQ(again("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(again("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(again("192.0.2.10"), "192.0.2.10");
}

TEST(IpAddress, TakesNothingThatIsNearlyIpv4) {
  for (const auto* text : {"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5",
                           "256.0.0.1", "01.2.3.4", "1.2.3.04", "1.2.3.4 ", " 1.2.3.4", "1..2.3",
                           "0x1.2.3.4", "1.2.3.1000", "-1.2.3.4", "a.b.c.d"}) {
    EXPECT_EQ(again(text), "no address") << text;
  }
}

TEST(IpAddress, ReadsEveryFormOfIpv6) {
  EXPECT_EQ(again("::"), "::");
  EXPECT_EQ(again("::1"), "::1");
  EXPECT_EQ(again("1::"), "1::");
  EXPECT_EQ(again("2001:DB8:0:0:8:800:200C:417A"), "2001:db8::8:800:200c:417a");
  EXPECT_EQ(again("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  EXPECT_EQ(again("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
  EXPECT_EQ(again("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
  EXPECT_EQ(again("::1.2.3.4"), "::102:304");
}

TEST(IpAddress, TakesNothingThatIsNearlyIpv6) {
  for (const auto* text :
       {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "1::2::3", ":1::2", "1::2:", "12345::", "g::", "[::1]", "::1%eth0", "::1.2.3",
        "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "::01.2.3.4", "fe80::1/64"}) {
    EXPECT_EQ(again(text), "no address") << text;
  }
}

TEST(IpAddress, WritesTheOneFormOfRfc5952) {
  EXPECT_EQ(again("2001:0db8:0000:0001:0001:0001:0001:0001"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(again("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");        // The longest run of zeros,
  EXPECT_EQ(again("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");  // the first of two.
  EXPECT_EQ(again("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, IsTheSameWithinIpv6) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(again("::ffff:c000:201"), "192.0.2.1");
  EXPECT_TRUE(IpAddress::parse("192.0.2.1")->is_ipv4());
  EXPECT_FALSE(IpAddress::parse("::192.0.2.1")->is_ipv4());
}

TEST(IpAddress, IsMaskedAtAnyBit) {
  const auto ones = *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

  EXPECT_EQ(ones.masked(0), IpAddress());
  EXPECT_EQ(ones.masked(128), ones);
  EXPECT_EQ(ones.masked(64).text().view(), "ffff:ffff:ffff:ffff::");
  EXPECT_EQ(ones.masked(49).text().view(), "ffff:ffff:ffff:8000::");
  EXPECT_EQ(IpAddress::parse("192.0.2.77")->masked(96 + 24).text().view(), "192.0.2.0");
}

}  // namespace
}  // namespace pear::net
