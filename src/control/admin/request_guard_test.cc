#include "control/admin/request_guard.h"

#include <vector>

#include <gtest/gtest.h>

namespace pear::admin {
namespace {

struct Asked {
  http::Method method = http::Method::Get;
  std::string_view host = "127.0.0.1";
  std::vector<http::Field> fields;
  Origin origin = Origin::ThisMachine;
};

// The status that refuses, or 0.
int refused(const Asked& asked) {
  http::RequestHead head;
  head.method = asked.method;
  head.host = asked.host;
  head.fields = asked.fields;
  const auto answer = refuse(head, asked.origin, "admin.internal");
  return answer ? answer->status : 0;
}

TEST(RequestGuard, TakesAddressesLocalhostAndTheConfiguredHost) {
  for (const std::string_view host :
       {"127.0.0.1", "localhost", "[::1]", "10.0.0.7", "admin.internal", ""}) {
    EXPECT_EQ(refused({.host = host}), 0) << host;
  }
}

TEST(RequestGuard, RefusesANameThatWasMadeToPointHere) {
  for (const std::string_view host :
       {"evil.example", "127.0.0.1.evil.example", "localhost.evil", "1", "0x7f.1"}) {
    EXPECT_EQ(refused({.host = host}), 421) << host;
  }
}

TEST(RequestGuard, RefusesAChangeFromAWebPageWithoutOurField) {
  const Asked from_page{.method = http::Method::Post,
                        .fields = {{"origin", "http://evil.example"}}};
  const Asked from_form{.method = http::Method::Post, .fields = {{"sec-fetch-site", "cross-site"}}};
  const Asked ours{.method = http::Method::Post,
                   .fields = {{"origin", "http://127.0.0.1:3001"}, {"pear-admin", "1"}}};

  EXPECT_EQ(refused(from_page), 403);
  EXPECT_EQ(refused(from_form), 403);
  EXPECT_EQ(refused(ours), 0);
  EXPECT_EQ(refused({.method = http::Method::Post}), 0);
}

TEST(RequestGuard, TakesChangesFromThisMachineOnly) {
  EXPECT_EQ(refused({.method = http::Method::Post, .origin = Origin::Elsewhere}), 403);
  EXPECT_EQ(refused({.method = http::Method::Get, .origin = Origin::Elsewhere}), 0);
}

}  // namespace
}  // namespace pear::admin
