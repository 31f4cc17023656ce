#include "io/tls/certificate_names.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "io/tls/certificate_maker.h"
#include "io/tls/test_certificates.h"

namespace pear::io::tls {
namespace {

TEST(CertificateNames, WritesEachHostInOneWay) {
  EXPECT_EQ(canonical_host("Example.COM"), "example.com");
  EXPECT_EQ(canonical_host("example.com."), "example.com");
  EXPECT_EQ(canonical_host("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(canonical_host("::1"), "[::1]");
  EXPECT_EQ(canonical_host("[0:0:0:0:0:0:0:1]"), "[::1]");
  EXPECT_EQ(canonical_host("[2001:DB8::A]"), "[2001:db8::a]");
  EXPECT_EQ(canonical_host("127.1"), "127.1");
  EXPECT_EQ(canonical_host(""), "");
  EXPECT_EQ(canonical_host(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
  EXPECT_TRUE(is_address("127.0.0.1"));
  EXPECT_TRUE(is_address("[::1]"));
  EXPECT_FALSE(is_address("example.com"));
  EXPECT_FALSE(is_address(""));
}

TEST(CertificateNames, LetAWildcardStandForExactlyOneLabel) {
  struct Case {
    std::string_view name;
    std::string_view host;
    bool covers;
  };
  const std::vector<Case> cases{
      {"example.com", "example.com", true},
      {"example.com", "www.example.com", false},
      {"example.com", "xexample.com", false},
      {"*.example.com", "www.example.com", true},
      {"*.example.com", "example.com", false},
      {"*.example.com", "a.b.example.com", false},
      {"*.example.com", ".example.com", false},
      {"*.example.com", "*.example.com", false},
      {"*.localhost", "shop.localhost", true},
      {"*.localhost", "localhost", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"*.0.0.1", "127.0.0.1", false},
      {"[::1]", "[::1]", true},
      {"[::1]", "[::2]", false},
      {"*", "localhost", false},
      {"*.", "localhost.", false},
      {"example.com", "", false},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(name_covers(each.name, each.host), each.covers) << each.name << " " << each.host;
  }
}

std::vector<std::string> read_back(const std::vector<std::string>& names) {
  const auto key = make_p256_key();
  const auto certificate = make_certificate({.common_name = "common.example.com",
                                             .names = names,
                                             .begins = kTestNow,
                                             .ends = kTestNow + std::chrono::days(1)},
                                            *key, {});
  return names_of(*certificate);
}

TEST(CertificateNames, ReadsDnsNamesAndAddressesOnce) {
  EXPECT_EQ(read_back({"B.example.com", "a.example.com", "b.example.com", "127.0.0.1", "::1",
                       "*.Example.com"}),
            (std::vector<std::string>{"*.example.com", "127.0.0.1", "[::1]", "a.example.com",
                                      "b.example.com"}));
}

TEST(CertificateNames, LeavesOutWhatNoHostIsCalled) {
  EXPECT_EQ(read_back({"f*.example.com", "*", "a b", "exa/mple.com", "a..b", ".example.com",
                       "good.example.com"}),
            std::vector<std::string>{"good.example.com"});
}

TEST(CertificateNames, NeverReadsTheCommonName) {
  EXPECT_TRUE(read_back({}).empty());
}

TEST(CertificateNames, EscapesTheSubject) {
  const auto key = make_p256_key();
  const auto certificate = make_certificate(
      {.common_name = "Ad\xC3\xA9le, O=x\n", .begins = kTestNow, .ends = kTestNow}, *key, {});
  EXPECT_EQ(subject_text(*certificate), "CN=Ad\\C3\\A9le\\, O=x\\0A");
}

}  // namespace
}  // namespace pear::io::tls
