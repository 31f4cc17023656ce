#include "load/workload.h"

#include <gtest/gtest.h>

namespace pear::load {
namespace {

Plan plan_for(const char* url) {
  Plan plan;
  plan.target = *parse_target(url);
  return plan;
}

std::string bytes_of(const Plan& plan) {
  const auto workload = Workload::make(plan);
  if (!workload) return "refused";
  return workload->at(0).bytes;
}

bool has_line(const std::string& bytes, const std::string& line) {
  return bytes.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST(Workload, WritesTheRequestOnce) {
  const std::string bytes = bytes_of(plan_for("http://127.0.0.1:3000/a?b"));

  EXPECT_TRUE(bytes.starts_with("GET /a?b HTTP/1.1\r\n")) << bytes;
  EXPECT_TRUE(has_line(bytes, "host: 127.0.0.1:3000")) << bytes;
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n"));
}

TEST(Workload, GivesABodyItsLengthAndAMethodThatWantsOneALengthOfZero) {
  Plan plan = plan_for("http://127.0.0.1/");
  plan.method = "POST";

  EXPECT_TRUE(has_line(bytes_of(plan), "content-length: 0"));
  plan.body = "12345";
  EXPECT_TRUE(has_line(bytes_of(plan), "content-length: 5"));
  EXPECT_TRUE(bytes_of(plan).ends_with("\r\n\r\n12345"));
}

TEST(Workload, ReachesAnotherSiteThroughTheHostHeader) {
  Plan plan = plan_for("http://127.0.0.1:3000/");
  plan.headers = {{"HOST", "shop.example.com"}, {"x-a", "b"}};

  const std::string bytes = bytes_of(plan);

  EXPECT_TRUE(has_line(bytes, "host: shop.example.com")) << bytes;
  EXPECT_TRUE(has_line(bytes, "x-a: b")) << bytes;
  EXPECT_EQ(bytes.find("127.0.0.1"), std::string::npos) << bytes;
}

TEST(Workload, AsksForTheEndOfAConnectionThatServesOneRequest) {
  Plan plan = plan_for("http://127.0.0.1/");
  plan.connection_use = ConnectionUse::NewForEach;

  EXPECT_TRUE(has_line(bytes_of(plan), "connection: close"));
}

TEST(Workload, HoldsAHeadThatIsLongerThanItsFirstGuess) {
  Plan plan = plan_for("http://127.0.0.1/");
  plan.headers = {{"x-long", std::string(5000, 'a')}};

  EXPECT_GT(bytes_of(plan).size(), 5000U);
}

TEST(Workload, SendsTheEntriesOfALogWithTheirAgentAndTheirExpectations) {
  Plan plan = plan_for("http://127.0.0.1/");
  plan.expect.status = 200;
  plan.replay = {
      {.line = 3, .method = "GET", .target = "/1", .user_agent = "ua"},
      {.line = 4, .method = "POST", .target = "/2", .expect = {.status = 404, .body = {}}}};

  const auto workload = Workload::make(plan);

  ASSERT_TRUE(workload.has_value());
  EXPECT_EQ(workload->size(), 2U);
  EXPECT_TRUE(has_line(workload->at(0).bytes, "user-agent: ua"));
  EXPECT_EQ(workload->at(0).expect.status, 200);
  EXPECT_TRUE(has_line(workload->at(1).bytes, "content-length: 0"));
  EXPECT_EQ(workload->at(1).expect.status, 404);
  EXPECT_EQ(workload->at(1).line, 4U);
}

TEST(Workload, WritesFieldsForTheVersionsThatHaveThem) {
  Plan plan = plan_for("https://shop.example:8443/a?b");
  plan.http = HttpVersion::Http3;
  plan.method = "POST";
  plan.body = "12345";
  plan.headers = {{"X-A", "B c"}, {"Keep-Alive", "5"}};

  const auto workload = Workload::make(plan);

  ASSERT_TRUE(workload.has_value());
  const PreparedRequest& request = workload->at(0);
  const std::vector<http::Field> expected{
      {":method", "POST"}, {":scheme", "https"}, {":authority", "shop.example:8443"},
      {":path", "/a?b"},   {"x-a", "B c"},       {"content-length", "5"}};
  EXPECT_EQ(request.fields, expected);
  EXPECT_EQ(request.body, "12345");
  EXPECT_TRUE(request.bytes.empty());
}

TEST(Workload, WritesBothFormsWhereTheServerChooses) {
  const Plan plan = plan_for("https://shop.example/");

  const auto workload = Workload::make(plan);

  ASSERT_TRUE(workload.has_value());
  EXPECT_FALSE(workload->at(0).bytes.empty());
  EXPECT_EQ(workload->at(0).fields.size(), 4U);
}

TEST(Workload, RepeatsItsOnlyRequestForEver) {
  const auto workload = Workload::make(plan_for("http://127.0.0.1/"));

  ASSERT_TRUE(workload.has_value());
  EXPECT_FALSE(workload->size().has_value());
  EXPECT_EQ(&workload->at(0), &workload->at(1'000'000));
  EXPECT_FALSE(workload->wants_digests());
}

}  // namespace
}  // namespace pear::load
