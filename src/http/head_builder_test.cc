#include "http/head_builder.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace pear::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Body = HeadBuilder::Body;
using Fault = HeadBuilder::Fault;

Pairs get(std::string path = "/", std::string method = "GET") {
  return {{":method", std::move(method)},
          {":scheme", "https"},
          {":authority", "a.example"},
          {":path", std::move(path)}};
}

Pairs with(Pairs fields, const Pairs& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Pairs without(std::string_view name) {
  Pairs fields = get();
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

class HeadBuilderTest : public ::testing::Test {
 protected:
  Checked<const RequestHead*> build(const Pairs& fields, Body body = Body::None) {
    builder_.begin_head();
    for (const auto& [name, value] : fields) builder_.add(name, value);
    return builder_.finish(Version::Http2, body);
  }
  void expect_malformed(const Pairs& fields, Body body = Body::None) {
    const auto head = build(fields, body);
    ASSERT_FALSE(head.has_value()) << fields.back().first << ": " << fields.back().second;
    EXPECT_EQ(head.error().status, 400) << head.error().reason.view();
    EXPECT_EQ(builder_.fault(), Fault::Malformed);
  }
  void expect_answer(std::uint16_t status, const Pairs& fields, Body body = Body::None) {
    const auto head = build(fields, body);
    ASSERT_FALSE(head.has_value());
    EXPECT_EQ(head.error().status, status) << head.error().reason.view();
    EXPECT_EQ(builder_.fault(), Fault::Answer);
  }
  std::string value_of(const RequestHead& head, std::string_view name) {
    for (const Field& field : head.fields) {
      if (field.name == name) return std::string(field.value);
    }
    return "(none)";
  }

  HeadBuilder builder_{HeadLimits{.request_line_max = 100, .header_max = 1000, .fields_max = 10}};
};

TEST_F(HeadBuilderTest, TakesAHeadApart) {
  const auto head = build({{":method", "POST"},
                           {":path", "/a/b?c=d"},
                           {":scheme", "https"},
                           {":authority", "A.Example:8443"},
                           {"accept", "*/*"},
                           {"content-length", "12"}},
                          Body::Follows);
  ASSERT_TRUE(head.has_value());
  const RequestHead& got = **head;
  EXPECT_EQ(got.method, Method::Post);
  EXPECT_EQ(got.method_text, "POST");
  EXPECT_EQ(got.version, Version::Http2);
  EXPECT_EQ(got.target_form, TargetForm::Origin);
  EXPECT_EQ(got.target, "/a/b?c=d");
  EXPECT_EQ(got.path_with_query, "/a/b?c=d");
  EXPECT_EQ(got.path, "/a/b");
  EXPECT_EQ(got.query, "c=d");
  EXPECT_TRUE(got.has_query);
  EXPECT_EQ(got.scheme, "https");
  EXPECT_EQ(got.authority, "a.example:8443");
  EXPECT_EQ(got.host, "a.example");
  EXPECT_EQ(got.port, 8443);
  EXPECT_EQ(got.framing, Framing::Length);
  EXPECT_EQ(got.content_length, 12U);
  ASSERT_EQ(got.fields.size(), 2U);
  EXPECT_EQ(got.fields[0], (Field{.name = "accept", .value = "*/*"}));
}

TEST_F(HeadBuilderTest, KnowsTheFramingOfABody) {
  EXPECT_EQ((*build(get()))->framing, Framing::None);
  EXPECT_EQ((*build(with(get(), {{"content-length", "0"}})))->framing, Framing::None);
  EXPECT_EQ((*build(get(), Body::Follows))->framing, Framing::Chunked);
  EXPECT_EQ((*build(with(get(), {{"content-length", "0"}}), Body::Follows))->framing,
            Framing::Length);
  expect_malformed(with(get(), {{"content-length", "1"}}));
}

TEST_F(HeadBuilderTest, RefusesPseudoHeadersThatAreMissingRepeatedLateOrUnknown) {
  for (const char* const name : {":method", ":scheme", ":path", ":authority"}) {
    expect_malformed(without(name));
    expect_malformed(with(get(), {{name, "https"}}));
    expect_malformed(with(without(name), {{name, ""}}));
    expect_malformed(with(without(name), {{"x", "y"}, {name, "https"}}));
  }
  expect_malformed(with(get(), {{":status", "200"}}));
  expect_malformed(with(get(), {{":", ""}}));
}

TEST_F(HeadBuilderTest, AnswersWhatItDoesNotServe) {
  expect_answer(501, {{":method", "CONNECT"}, {":authority", "a.example:443"}});
  expect_answer(501, with(get("/", "CONNECT"), {{":protocol", "websocket"}}));
  expect_answer(501, get("/", std::string(33, 'M')));
  EXPECT_TRUE(build(get("/", std::string(32, 'M'))).has_value());
  expect_answer(417, with(get(), {{"expect", "tea"}}), Body::Follows);
  expect_malformed(get("/", "G T"));
}

TEST_F(HeadBuilderTest, TakesAHostForTheAuthorityAndRefusesOneThatDiffers) {
  const auto alone = build(with(without(":authority"), {{"host", "B.Example:80"}}));
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ((*alone)->authority, "b.example:80");
  EXPECT_EQ((*alone)->host, "b.example");

  EXPECT_TRUE(build(with(get(), {{"host", "A.example:443"}})).has_value());
  expect_malformed(with(get(), {{"host", "a.example:80"}}));
  expect_malformed(with(get(), {{"host", "b.example"}}));
  expect_malformed(with(get(), {{"host", ""}}));
  expect_malformed(with(get(), {{"host", "a.example"}, {"host", "a.example"}}));
  expect_malformed(with(without(":authority"), {{":authority", "user@a.example"}}));
}

TEST_F(HeadBuilderTest, ReadsTargetsAsTheOtherVersionsDo) {
  EXPECT_EQ((*build(get("*", "OPTIONS")))->target_form, TargetForm::Asterisk);
  EXPECT_EQ((*build(get("*", "OPTIONS")))->path, "*");
  for (const char* const path :
       {"*", "a", "http://a.example/", "/a#b", "/%0", "/%00", "/ ", "/\x80"}) {
    expect_malformed(get(path));
  }
  for (const char* const scheme : {"ftp", "https ", "h"}) {
    expect_malformed(with(without(":scheme"), {{":scheme", scheme}}));
  }
  EXPECT_EQ((*build({{":scheme", "HTTP"}, {":method", "GET"}, {":path", "/"}, {":authority", "a"}}))
                ->scheme,
            "http");
}

TEST_F(HeadBuilderTest, RefusesFieldsThatHttp2DoesNotHave) {
  const Pairs bad = {{"Accept", "1"},
                     {"", "1"},
                     {"a b", "1"},
                     {"a:", "1"},
                     {"connection", "x"},
                     {"keep-alive", "x"},
                     {"proxy-connection", "x"},
                     {"transfer-encoding", "chunked"},
                     {"upgrade", "x"},
                     {"te", "gzip"},
                     {"x", "a\r\nb"},
                     {"x", "a\nb"},
                     {"x", std::string("\0", 1)},
                     {"x", " a"},
                     {"x", "a\t"},
                     {"content-length", "1, 1"},
                     {"content-length", "-1"},
                     {"content-length", ""}};
  for (const auto& field : bad) expect_malformed(with(get(), {field}), Body::Follows);
  expect_malformed(with(get(), {{"content-length", "1"}, {"content-length", "1"}}), Body::Follows);
  EXPECT_TRUE(build(with(get(), {{"te", "trailers"}, {"x", ""}, {"y", "\xff\t1"}})).has_value());
}

TEST_F(HeadBuilderTest, JoinsCookiesWhereTheFirstWas) {
  const auto head = build(with(
      get(),
      {{"a", "1"}, {"cookie", "c=d"}, {"b", "2"}, {"cookie", ""}, {"cookie", "e=f"}, {"d", "3"}}));
  ASSERT_TRUE(head.has_value());
  ASSERT_EQ((*head)->fields.size(), 4U);
  EXPECT_EQ((*head)->fields[1], (Field{.name = "cookie", .value = "c=d; ; e=f"}));
  EXPECT_EQ((*head)->fields[3], (Field{.name = "d", .value = "3"}));
  EXPECT_EQ(value_of(**build(with(get(), {{"cookie", "c=d"}})), "cookie"), "c=d");
}

TEST_F(HeadBuilderTest, KnowsWhoWaitsFor100) {
  EXPECT_TRUE((*build(with(get(), {{"expect", "100-Continue"}}), Body::Follows))->expect_continue);
  EXPECT_FALSE((*build(with(get(), {{"expect", "100-continue"}}), Body::None))->expect_continue);
  EXPECT_FALSE((*build(get(), Body::Follows))->expect_continue);
}

TEST_F(HeadBuilderTest, AnswersHeadsPastTheLimitsAndNotThoseAtThem) {
  EXPECT_TRUE(build(get("/" + std::string(99, 'p'))).has_value());
  expect_answer(414, get("/" + std::string(100, 'p')));

  EXPECT_TRUE(build(with(get(), Pairs(10, {"x", "y"}))).has_value());
  expect_answer(431, with(get(), Pairs(11, {"x", "y"})));

  std::size_t used = 0;
  for (const auto& [name, value] : get()) {
    used += name.size() + value.size() + HeadBuilder::kFieldOverhead;
  }
  const std::size_t left = 1000 - used - 1 - HeadBuilder::kFieldOverhead;
  EXPECT_TRUE(build(with(get(), {{"x", std::string(left, 'v')}})).has_value());
  expect_answer(431, with(get(), {{"x", std::string(left + 1, 'v')}}));
}

TEST_F(HeadBuilderTest, GivesTrailersWithoutThoseThatMayNotBeThere) {
  builder_.begin_trailers();
  builder_.add("x-sum", "1");
  builder_.add("content-length", "5");
  builder_.add("host", "b");
  builder_.add("x-other", "2");
  const auto trailers = builder_.finish_trailers();
  ASSERT_TRUE(trailers.has_value());
  ASSERT_EQ(trailers->size(), 2U);
  EXPECT_EQ((*trailers)[1], (Field{.name = "x-other", .value = "2"}));

  for (const auto& [name, value] : Pairs{{":path", "/"}, {"connection", "x"}, {"X", "y"}}) {
    builder_.begin_trailers();
    builder_.add(name, value);
    EXPECT_FALSE(builder_.finish_trailers().has_value()) << name;
  }
  builder_.begin_trailers();
  builder_.add("x", std::string(1000, 'v'));
  EXPECT_EQ(builder_.finish_trailers().error().status, 431);
}

TEST_F(HeadBuilderTest, ForgetsTheHeadBefore) {
  expect_malformed(with(get(), {{"content-length", "7"}, {"cookie", "a"}, {"cookie", "b"}}));
  const auto head = build(get(), Body::Follows);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ((*head)->framing, Framing::Chunked);
  EXPECT_TRUE((*head)->fields.empty());
}

TEST_F(HeadBuilderTest, KeepsItsMemoryAndTakesNoMoreThanTheLimitsNeed) {
  ASSERT_TRUE(build(with(get(), Pairs(10, {"x", std::string(70, 'v')}))).has_value());
  const std::size_t before = builder_.memory_bytes();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(build(with(get(), Pairs(10, {"x", std::string(70, 'v')}))).has_value());
  }
  EXPECT_EQ(builder_.memory_bytes(), before);
  builder_.begin_head();
  for (int i = 0; i < 100'000; ++i) builder_.add("x", std::string(100, 'v'));
  EXPECT_LE(builder_.memory_bytes(), 4'000U);
}

}  // namespace
}  // namespace pear::http
