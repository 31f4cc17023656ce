#include "http/request_field_rules.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using enum RequestFieldRule;

TEST(RequestFieldRules, SayWhoseWordAFieldIs) {
  for (const std::string_view name : {"forwarded", "x-forwarded-for", "x-forwarded-proto",
                                      "x-forwarded", "x-forwarded-client-cert", "x-real-ip",
                                      "true-client-ip", "cf-connecting-ip", "x-original-url"}) {
    EXPECT_EQ(request_field_rule(name), Proxy) << name;
  }
  for (const std::string_view name :
       {"client-cert", "client-cert-chain", "client-cert-subject", "client-cert-x", "early-data",
        "pear-score", "spin-full-url", "proxy", "pear-"}) {
    EXPECT_EQ(request_field_rule(name), Edge) << name;
  }
  for (const std::string_view name :
       {"connection", "keep-alive", "te", "upgrade", "proxy-connection", "transfer-encoding",
        "http2-settings", "proxy-authorization"}) {
    EXPECT_EQ(request_field_rule(name), Connection) << name;
  }
  for (const std::string_view name : {"",
                                      "a",
                                      "z",
                                      "~",
                                      "host",
                                      "forward",
                                      "forwardedx",
                                      "x-forwardedfor",
                                      "x-request-id",
                                      "via",
                                      "cookie",
                                      "client",
                                      "client-certificate",
                                      "clientcert",
                                      "proxys",
                                      "pear",
                                      "spin",
                                      "x-real",
                                      "x-real-ipx",
                                      "accept",
                                      "authorization",
                                      "content-length",
                                      "x_custom",
                                      "te-x"}) {
    EXPECT_EQ(request_field_rule(name), Anybody) << name;
  }
}

// Whatever stands where '-' should: to a guest that reads environment variables it is the same.
TEST(RequestFieldRules, AreNotPassedByAnotherSpelling) {
  for (const std::string_view name :
       {"x-real-ip", "x-forwarded-for", "client-cert-chain", "true-client-ip", "proxy-connection",
        "pear-verdict", "transfer-encoding", "early-data"}) {
    for (const char other : std::string_view("_.!#$%&'*+^`|~")) {
      for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] != '-') continue;
        std::string twin(name);
        twin[at] = other;
        EXPECT_EQ(request_field_rule(twin), Edge) << twin;
      }
    }
  }
  EXPECT_EQ(request_field_rule("x-forwarded-a_b"), Edge);
  EXPECT_EQ(request_field_rule("forwarded_for"), Edge);
}

}  // namespace
}  // namespace pear::http
