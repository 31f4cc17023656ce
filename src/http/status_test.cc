#include "http/status.h"

#include <optional>

#include <gtest/gtest.h>

#include "http/date.h"

namespace pear::http {
namespace {

TEST(Status, HasTheRegisteredReasonPhrases) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(418), "");
  EXPECT_EQ(reason_phrase(999), "");
}

TEST(Status, KnowsWhichResponsesHaveBodies) {
  EXPECT_TRUE(has_body(200, Method::Get));
  EXPECT_TRUE(has_body(404, Method::Connect));
  EXPECT_FALSE(has_body(200, Method::Connect));
  EXPECT_FALSE(has_body(200, Method::Head));
  EXPECT_FALSE(has_body(204, Method::Get));
  EXPECT_FALSE(has_body(304, Method::Get));
  EXPECT_FALSE(has_body(100, Method::Get));
}

TEST(Method, AreFoundByTheirNamesInTheirOwnCase) {
  for (const Method method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete,
                              Method::Connect, Method::Options, Method::Trace, Method::Patch}) {
    EXPECT_EQ(method_of(method_name(method)), method);
  }
  EXPECT_EQ(method_of("get"), Method::Other);
  EXPECT_EQ(method_of("PROPFIND"), Method::Other);
  EXPECT_EQ(method_of(""), Method::Other);
}

TEST(Method, SaysWhatMayBeAskedTwice) {
  EXPECT_TRUE(is_idempotent(Method::Put));
  EXPECT_TRUE(is_safe(Method::Head));
  EXPECT_FALSE(is_safe(Method::Delete));
  EXPECT_FALSE(is_idempotent(Method::Post));
  EXPECT_FALSE(is_idempotent(Method::Other));
}

TEST(Date, IsWrittenAsTheRfcShowsIt) {
  EXPECT_EQ(date_view(format_date(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date_view(format_date(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date_view(format_date(1'709'164'800)), "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(date_view(format_date(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Date, StaysWithinFourDigitsOfTheYear) {
  EXPECT_EQ(date_view(format_date(253'402'300'799)), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(date_view(format_date(INT64_MAX)), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(date_view(format_date(INT64_MIN)), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Status, SaysWhatContentAResponseHas) {
  const std::optional<std::uint64_t> none;
  const auto is = [](const ResponseContent& content, bool follows,
                     std::optional<std::uint64_t> length) {
    return content.follows == follows && content.length == length;
  };
  EXPECT_TRUE(is(content_of(200, Method::Get, 5, 7), true, 5));
  EXPECT_TRUE(is(content_of(200, Method::Get, none, 7), true, 7));
  EXPECT_TRUE(is(content_of(200, Method::Get, none, none), true, none));
  EXPECT_TRUE(is(content_of(200, Method::Head, 5, 0), false, 5));
  EXPECT_TRUE(is(content_of(200, Method::Head, none, 0), false, none));
  for (const std::uint16_t status : std::initializer_list<std::uint16_t>{100, 103, 199, 204, 304}) {
    EXPECT_TRUE(is(content_of(status, Method::Get, 5, 5), false, none)) << status;
    EXPECT_TRUE(is(content_of(status, Method::Head, 5, 5), false, none)) << status;
  }
  EXPECT_TRUE(is(content_of(205, Method::Get, 5, 5), false, 0));
  EXPECT_TRUE(is(content_of(205, Method::Head, none, none), false, 0));
  EXPECT_TRUE(is(content_of(200, Method::Connect, 5, 5), false, none));
}

}  // namespace
}  // namespace pear::http
