// wasi:http/types: fields, requests and outgoing requests, as guests meet them.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace pear::engine {
namespace {

Field field(std::string_view name, std::string_view value) {
  return {.name = lend(name), .value = lend(value)};
}

class Fields : public testing::Test {
 protected:
  static void SetUpTestSuite() { image() = guest_image("probe_fields"); }
  static std::shared_ptr<const Image>& image() {
    static std::shared_ptr<const Image> made;
    return made;
  }

  // What the case says, or how it ended.
  std::string run(std::string_view path) {
    if (guest_.serve({.path = path}) == PollStep::Idle) return guest_.host.response;
    return "fault " + std::to_string(static_cast<int>(guest_.instance.fault())) + ": " +
           std::string(guest_.instance.fault_text());
  }

  Guest guest_{image()};
};

TEST_F(Fields, AreEditedWithoutRegardToCase) {
  EXPECT_EQ(run("/edit"),
            "ok;ok;ok;"
            "100;"
            "2first;"
            "ok;ok;ok;"
            "x-one=a;x-one=b;|x-one=a;x-one=b;x-copy=yes;");
}

TEST_F(Fields, RefuseBadNamesBadValuesAndFieldsOfTheConnection) {
  EXPECT_EQ(run("/refuse"),
            "error 0;error 0;error 0;error 0;error 0;error 0;"
            "error 1;error 1;error 1;"
            "ok;"
            "error 0;error 1;error 0;"
            "x=\xc3\xa4\ttab;");
}

TEST_F(Fields, AreMadeFromAListOrNotAtAll) {
  EXPECT_EQ(run("/from-list"), "0a=1;b=2;11");
}

TEST_F(Fields, HoldAsManyFieldsAsAllowedAndNotOneMore) {
  EXPECT_EQ(run("/fields-at-limit"), "made");
  EXPECT_EQ(run("/fields-past-limit"),
            "fault 8: more fields in one list than limits.fields_max (raise it, or let the site "
            "make fewer) in many");
}

TEST_F(Fields, HoldAsManyBytesAsAllowedAndNotOneMore) {
  EXPECT_EQ(run("/bytes-at-limit"), "ok;");
  EXPECT_TRUE(run("/bytes-past-limit").starts_with("fault 8: more bytes in one list"));
}

TEST_F(Fields, RefuseAHugeListBeforeTheyCopyIt) {
  EXPECT_TRUE(
      run("/huge-list").starts_with("fault 8: more fields in one list than limits.fields_max"));
}

TEST_F(Fields, DoNotGrowByBeingRewritten) {
  EXPECT_EQ(run("/rewrite-for-ever"), "1000");
  EXPECT_LT(guest_.host.memory, 2'000'000U);
}

TEST_F(Fields, OfARequestAreShownAndCannotBeChanged) {
  const std::array fields{field("a", "1"), field("b", "2"), field("a", "3"), field("host", "h"),
                          field("connection", "close")};
  ASSERT_EQ(
      guest_.serve(
          {.method = "PURGE", .path = "/show-request", .fields = {fields.begin(), fields.end()}}),
      PollStep::Idle)
      << guest_.instance.fault_text();

  EXPECT_EQ(guest_.host.response,
            "9PURGE;10;shop.example.com;"
            "a=1;b=2;a=3;host=h;connection=close;"
            "error 2;error 2;"
            // A copy is the guest's own: it has nothing that a guest may not set.
            "|a=1;b=2;a=3;");
}

TEST_F(Fields, OfARequestAreGoneWithIt) {
  ASSERT_EQ(run("/keep-headers"), "");
  EXPECT_TRUE(
      run("/keep-headers").starts_with("fault 3: used the fields of a request that had ended"));
}

TEST_F(Fields, OfARequestAreDroppedBeforeIt) {
  EXPECT_TRUE(run("/drop-request-first").starts_with("fault 3: dropped a resource that still has"));
}

TEST_F(Fields, OfAResponseAreShownAndItsStatusIsFinal) {
  EXPECT_EQ(run("/response-parts"),
            "200"
            "1111111"
            "0599"
            "error 2;x-a=1;");
}

TEST_F(Fields, OfAResponseAreDroppedBeforeIt) {
  EXPECT_TRUE(
      run("/drop-response-first").starts_with("fault 3: dropped a resource that still has"));
}

TEST_F(Fields, NameOneContentLength) {
  EXPECT_TRUE(
      run("/two-lengths").starts_with("fault 3: a response with more than one content-length"));
}

TEST_F(Fields, AreAliveOnlyAsManyAsHandlesAllow) {
  EXPECT_TRUE(run("/leak-fields").starts_with("fault 3: more resources alive than handles_max"));
}

TEST_F(Fields, OfAnOutgoingRequestArePreparedAndSendingIsDenied) {
  EXPECT_EQ(run("/send"), "101000/ok?x=1;050115");
}

// 35: HTTP-protocol-error, 38: internal-error.
TEST_F(Fields, OfInformationalResponsesAreSentWhereThatIsGranted) {
  EXPECT_EQ(run("/inform"), "ok;ok;38;38;35;35;");
  EXPECT_EQ(guest_.host.interims, "103 link=</a.css>;199 link=</a.css>;");

  guest_.host.clear_response();
  guest_.host.refuse_interim = true;
  EXPECT_EQ(run("/inform"), "38;38;38;38;35;35;");

  guest_.host.clear_response();
  guest_.grants.informational = false;
  guest_.host.refuse_interim = false;
  EXPECT_EQ(run("/inform"), "38;38;38;38;35;35;");
  EXPECT_EQ(guest_.host.interims, "");
}

}  // namespace
}  // namespace pear::engine
