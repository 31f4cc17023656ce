#include "http/forwarded.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using net::IpAddress;
using net::IpPrefix;
using net::IpPrefixSet;

const IpAddress kPeer = *IpAddress::parse("10.0.0.1");
const IpPrefixSet kTrusted(std::array{*IpPrefix::parse("10.0.0.0/8"),
                                      *IpPrefix::parse("fd00::/8")});

struct Outcome {
  std::string client;
  std::string scheme;
  bool operator==(const Outcome&) const = default;
};
void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.client << " " << outcome.scheme;
}
Outcome read(const std::vector<Field>& fields, BelievedField believed = BelievedField::Either) {
  const ForwardedClient client = forwarded_client(fields, kPeer, kTrusted, believed);
  return {.client = std::string(client.address.text().view()),
          .scheme = std::string(client.scheme)};
}
std::string by_x(std::string_view list) {
  return read({{.name = "x-forwarded-for", .value = list}}).client;
}
Outcome by_forwarded(std::string_view list) {
  return read({{.name = "forwarded", .value = list}});
}

TEST(Forwarded, IsThePeerWhereNobodyElseIsNamed) {
  EXPECT_EQ(read({}), (Outcome{"10.0.0.1", ""}));
  EXPECT_EQ(read({{.name = "host", .value = "192.0.2.1"}}), (Outcome{"10.0.0.1", ""}));
}

TEST(Forwarded, IsTheLastAddressThatIsNoTrustedProxy) {
  EXPECT_EQ(by_x("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(by_x("203.0.113.9, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(by_x("203.0.113.9, 192.0.2.1, 10.9.9.9,fd00::1"), "192.0.2.1");
  EXPECT_EQ(by_x("2001:db8::1"), "2001:db8::1");
}

TEST(Forwarded, IsTheFirstWhereAllAreTrusted) {
  EXPECT_EQ(by_x("10.1.1.1, 10.2.2.2"), "10.1.1.1");
}

TEST(Forwarded, EndsWhereNoAddressCanBeRead) {
  for (const auto* bad : {"unknown", "_hidden", "", "192.0.2", "192.0.2.1:", "192.0.2.1:80:80",
                          "[192.0.2.1]", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]:",
                          "2001:db8::1]", "192.0.2.1 192.0.2.2", "\"192.0.2.1\"", "192.0.2.1/32"}) {
    EXPECT_EQ(by_x("192.0.2.7, " + std::string(bad)), "10.0.0.1") << bad;
    EXPECT_EQ(by_x("192.0.2.7, " + std::string(bad) + ", 10.2.2.2"), "10.2.2.2") << bad;
  }
}

TEST(Forwarded, PassesOverPorts) {
  EXPECT_EQ(by_x("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(by_x("[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(by_x("[2001:db8::1]"), "2001:db8::1");
}

TEST(Forwarded, IsOneListHoweverManyFieldsItHas) {
  EXPECT_EQ(read({{.name = "x-forwarded-for", .value = "203.0.113.9"},
                  {.name = "x-forwarded-for", .value = "192.0.2.1, 10.1.1.1"},
                  {.name = "x-forwarded-for", .value = "10.2.2.2"}})
                .client,
            "192.0.2.1");
}

TEST(Forwarded, FollowsSoManyHopsAndNoMore) {
  std::string trusted;
  for (std::size_t i = 1; i < kForwardingHopsMax; ++i) trusted += ",10.3.3.3";

  EXPECT_EQ(by_x("192.0.2.1" + trusted), "192.0.2.1");
  EXPECT_EQ(by_x("192.0.2.1,10.4.4.4" + trusted), "10.4.4.4");
}

TEST(Forwarded, TakesTheSchemeFromTheHopThatNamedTheClient) {
  const auto scheme = [](std::string_view list, std::string_view words) {
    return read({{.name = "x-forwarded-for", .value = list},
                 {.name = "x-forwarded-proto", .value = words}})
        .scheme;
  };
  EXPECT_EQ(scheme("192.0.2.1", "https"), "https");
  EXPECT_EQ(scheme("192.0.2.1", "HTTP"), "http");
  EXPECT_EQ(scheme("192.0.2.1", "gopher"), "");
  EXPECT_EQ(scheme("192.0.2.1, 10.1.1.1", "https, http"), "https");
  EXPECT_EQ(scheme("203.0.113.9, 192.0.2.1", "https, http"), "http");
  EXPECT_EQ(scheme("192.0.2.1, 10.1.1.1", "https"), "https");
  EXPECT_EQ(read({{.name = "x-forwarded-proto", .value = "http, https"}}),
            (Outcome{"10.0.0.1", "https"}));
}

TEST(Forwarded, ReadsTheFieldOfTheStandard) {
  EXPECT_EQ(by_forwarded("for=192.0.2.1"), (Outcome{"192.0.2.1", ""}));
  EXPECT_EQ(by_forwarded("For=\"[2001:db8::1]:4711\";Proto=https;by=10.0.0.1;host=\"a,b;c\""),
            (Outcome{"2001:db8::1", "https"}));
  EXPECT_EQ(by_forwarded("for=203.0.113.9;proto=http, for=192.0.2.1;proto=https, for=10.2.2.2"),
            (Outcome{"192.0.2.1", "https"}));
  EXPECT_EQ(by_forwarded("for=192.0.2.1 ; proto=\"http\""), (Outcome{"192.0.2.1", "http"}));
}

TEST(Forwarded, EndsWhereTheFieldOfTheStandardIsBroken) {
  for (const auto* bad : {"for=unknown", "for=_x", "proto=https", "for", "for=", "for=\"192.0.2.1",
                          "for=192.0.2.1\"", "for=192.0.2.1;for=192.0.2.1", "for=\"192.0.2\\.1\"",
                          "for=\"192.0.2.1\"x", "for=a;;", "", ";"}) {
    EXPECT_EQ(by_forwarded("for=192.0.2.7, " + std::string(bad)), (Outcome{"10.0.0.1", ""})) << bad;
  }
}

// What a client writes cannot change what the proxy behind it has added.
TEST(Forwarded, IsNotLedAstrayByAQuoteThatDoesNotEnd) {
  EXPECT_EQ(by_forwarded("for=\"6.6.6.6, for=192.0.2.1").client, "10.0.0.1");
  EXPECT_EQ(by_forwarded("for=\"6.6.6.6, for=\"[2001:db8::1]\"").client, "10.0.0.1");
  EXPECT_EQ(read({{.name = "forwarded", .value = "for=\"6.6.6.6"},
                  {.name = "forwarded", .value = "for=192.0.2.1"}})
                .client,
            "192.0.2.1");
}

TEST(Forwarded, BelievesNeitherOfTwoListsThatDisagree) {
  const std::vector<Field> both{{.name = "x-forwarded-for", .value = "192.0.2.1"},
                                {.name = "x-forwarded-proto", .value = "http"},
                                {.name = "forwarded", .value = "for=192.0.2.9;proto=https"}};

  EXPECT_EQ(read(both), (Outcome{"10.0.0.1", ""}));
  EXPECT_EQ(read(both, BelievedField::XForwardedFor), (Outcome{"192.0.2.1", "http"}));
  EXPECT_EQ(read(both, BelievedField::Forwarded), (Outcome{"192.0.2.9", "https"}));
}

TEST(Forwarded, BelievesASchemeOfTwoListsOnlyWhereBothSayIt) {
  const auto scheme = [](std::string_view x_proto, std::string_view forwarded) {
    std::vector<Field> fields{{.name = "x-forwarded-for", .value = "192.0.2.1"},
                              {.name = "forwarded", .value = forwarded}};
    if (!x_proto.empty()) fields.push_back({.name = "x-forwarded-proto", .value = x_proto});
    const Outcome outcome = read(fields);
    EXPECT_EQ(outcome.client, "192.0.2.1");
    return outcome.scheme;
  };
  EXPECT_EQ(scheme("https", "for=192.0.2.1;proto=https"), "https");
  EXPECT_EQ(scheme("http", "for=192.0.2.1;proto=https"), "");
  EXPECT_EQ(scheme("", "for=192.0.2.1;proto=https"), "");
  EXPECT_EQ(scheme("https", "for=192.0.2.1"), "");
}

TEST(Forwarded, SaysWhichListWasBelieved) {
  const std::vector<Field> x{{.name = "x-forwarded-for", .value = "192.0.2.1"}};
  const std::vector<Field> standard{{.name = "forwarded", .value = "for=192.0.2.1"}};
  const auto client = [](const std::vector<Field>& fields, BelievedField believed) {
    return forwarded_client(fields, kPeer, kTrusted, believed);
  };
  EXPECT_TRUE(client(x, BelievedField::Either).by_x_forwarded_for);
  EXPECT_FALSE(client(x, BelievedField::Either).by_forwarded);
  EXPECT_FALSE(client(x, BelievedField::Forwarded).by_x_forwarded_for);
  EXPECT_TRUE(client(standard, BelievedField::Forwarded).by_forwarded);
  EXPECT_FALSE(client(standard, BelievedField::XForwardedFor).by_forwarded);
}

}  // namespace
}  // namespace pear::http
